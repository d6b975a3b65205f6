using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Code is written as statements that can be read aloud.</summary>
public sealed class PlainCodeTests
{
    private const int MaxWidth = 140;
    private const int MaxConditionalsPerThousandLines = 10;

    private static readonly string[] Questions = ["Is", "Has", "Can", "May", "Are", "Contains", "Was"];

    private static readonly (string File, SyntaxNode Root)[] Parsed =
        [.. AllFiles().Select(file => (file, (SyntaxNode)CSharpSyntaxTree.ParseText(Repository.Read(file)).GetCompilationUnitRoot()))];

    [Fact]
    public void No_line_is_wider_than_140_characters() =>
        AssertNone(AllFiles().SelectMany(file => Repository.Read(file).Split('\n')
            .Select((line, index) => (Place: $"{file}:{index + 1}", line.TrimEnd('\r').Length))
            .Where(line => line.Length > MaxWidth)
            .Select(line => $"{line.Place}: {line.Length}")));

    [Fact]
    public void No_conditional_expression_stands_inside_another() =>
        AssertNone(Conditionals()
            .Where(found => found.Node.DescendantNodes().OfType<ConditionalExpressionSyntax>().Any())
            .Select(PlaceOf));

    [Fact]
    public void No_conditional_expression_throws() =>
        AssertNone(Conditionals()
            .Where(found => found.Node.ChildNodes().OfType<ThrowExpressionSyntax>().Any())
            .Select(PlaceOf));

    [Fact]
    public void A_conditional_expression_spans_lines_only_as_the_two_arms_of_a_return() =>
        AssertNone(Conditionals()
            .Where(found => found.Node.ToString().Contains('\n', StringComparison.Ordinal) && !IsReturned(found.Node))
            .Select(PlaceOf));

    [Theory]
    [InlineData("src")]
    [InlineData("src/OAuthClientCredentials")]
    public void Conditional_expressions_are_rare_in_src(string folder)
    {
        string[] files = [.. Repository.Files(folder, "*.cs")];
        int conditionals = Conditionals().Count(found => files.Contains(found.File));
        Assert.InRange(conditionals * 1000.0 / files.Sum(CodeLines), 0, MaxConditionalsPerThousandLines);
    }

    [Fact]
    public void A_method_whose_name_asks_a_question_changes_nothing() =>
        AssertNone(
            from file in Parsed
            where file.File.StartsWith("src/", StringComparison.Ordinal)
            from method in file.Root.DescendantNodes().OfType<MethodDeclarationSyntax>()
            where Array.Exists(Questions, question => AsksAs(method.Identifier.Text, question))
            where method.DescendantNodes().Any(ChangesState)
            select $"{file.File}: {method.Identifier.Text}");

    [Fact]
    public void No_comment_is_a_rule_number_alone() =>
        AssertNone(AllFiles().SelectMany(file => Repository.Read(file).Split('\n')
            .Where(line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^\s*//+\s*(R-\d{3}[,.;: ]*)+\s*$"))
            .Select(line => $"{file}: {line.Trim()}")));

    private static void AssertNone(IEnumerable<string> places)
    {
        string[] found = [.. places];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    private static IEnumerable<string> AllFiles() => Repository.Files("src", "*.cs")
        .Concat(Repository.Files("tests", "*.cs"))
        .Concat(Repository.Files("samples", "*.cs"));

    private static IEnumerable<(string File, ConditionalExpressionSyntax Node)> Conditionals() =>
        Parsed.SelectMany(file => file.Root.DescendantNodes().OfType<ConditionalExpressionSyntax>(), (file, node) => (file.File, node));

    private static string PlaceOf((string File, ConditionalExpressionSyntax Node) found) =>
        $"{found.File}:{found.Node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";

    private static bool IsReturned(ConditionalExpressionSyntax node) =>
        node.Parent is ReturnStatementSyntax or ArrowExpressionClauseSyntax;

    private static int CodeLines(string file) =>
        Repository.Read(file).Split('\n').Select(line => line.Trim())
            .Count(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal));

    private static bool AsksAs(string name, string question) =>
        name.StartsWith(question, StringComparison.Ordinal) && name.Length > question.Length && char.IsUpper(name[question.Length]);

    // A value that is computed at the first look and kept (??=) is no change that anybody sees.
    private static bool ChangesState(SyntaxNode node) => node switch
    {
        AssignmentExpressionSyntax { RawKind: not (int)SyntaxKind.CoalesceAssignmentExpression } assignment => IsField(assignment.Left),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.PostIncrementExpression or (int)SyntaxKind.PostDecrementExpression } step =>
            IsField(step.Operand),
        InvocationExpressionSyntax call =>
            call.Expression.ToString() is "Volatile.Write" or "Interlocked.Exchange" or "Interlocked.Increment",
        _ => false,
    };

    private static bool IsField(ExpressionSyntax expression) =>
        expression is IdentifierNameSyntax { Identifier.Text: ['_', ..] };
}
