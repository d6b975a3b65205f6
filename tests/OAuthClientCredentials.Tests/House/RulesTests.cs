using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>RULES.md, the tests and the comments in src agree.</summary>
public sealed partial class RulesTests
{
    private const string CiStep = ".ci/run: ";

    private static readonly string Page = Repository.Read("tests/RULES.md");

    private static readonly (string Rule, string Proof)[] Stated =
        [.. Line().Matches(Page).Select(match => (match.Groups["rule"].Value, match.Groups["proof"].Value))];

    private static readonly ILookup<string, string> Tested = Repository.Files("tests", "*.cs")
        .SelectMany(path => CSharpSyntaxTree.ParseText(Repository.Read(path)).GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>())
        .SelectMany(RulesOf, (method, rule) => (Rule: rule, Test: NameOf(method)))
        .ToLookup(found => found.Rule, found => found.Test);

    [Fact]
    public void Every_rule_is_stated_once_in_order()
    {
        int[] numbers = [.. Stated.Select(stated => int.Parse(stated.Rule[2..], CultureInfo.InvariantCulture))];
        Assert.Equal(numbers.Distinct().Order(), numbers);
    }

    [Fact]
    public void Every_line_has_a_rule_a_proof_and_a_source() => Assert.All(
        Page.Split('\n').Where(line => line.StartsWith("- ", StringComparison.Ordinal)),
        line => Assert.Matches(Line(), line));

    [Fact]
    public void No_two_rules_have_the_same_proof() =>
        Assert.Empty(Stated.GroupBy(stated => stated.Proof).Where(rules => rules.Count() > 1).Select(rules => rules.Key));

    [Fact]
    public void Every_rule_has_the_test_that_it_names() =>
        Assert.All(Stated, stated => Assert.True(
            Tested[stated.Rule].Contains(stated.Proof) || IsStepOfTheGate(stated.Proof),
            $"{stated.Rule} names {stated.Proof}, which does not carry its number."));

    [Fact]
    public void Every_test_with_a_number_proves_a_rule_that_is_stated() =>
        Assert.Empty(Tested.Select(tests => tests.Key).Except(Stated.Select(stated => stated.Rule)));

    [Fact]
    public void Every_number_in_the_code_is_a_rule_that_is_stated()
    {
        IEnumerable<string> unknown = Repository.Files("src", "*.cs")
            .SelectMany(path => Number().Matches(Repository.Read(path)).Select(match => (Rule: match.Value, Path: path)))
            .Where(found => !Stated.Any(stated => stated.Rule == found.Rule))
            .Select(found => $"{found.Path} names {found.Rule}, which RULES.md does not state.");
        Assert.Empty(unknown);
    }

    private static bool IsStepOfTheGate(string proof) =>
        proof.StartsWith(CiStep, StringComparison.Ordinal)
        && Repository.Read(".ci/run").Contains($"\nstep \"{proof[CiStep.Length..]}\" ", StringComparison.Ordinal);

    private static IEnumerable<string> RulesOf(MethodDeclarationSyntax method) =>
        method.AttributeLists.SelectMany(list => list.Attributes)
            .Select(attribute => Trait().Match(attribute.ToString()))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value);

    private static string NameOf(MethodDeclarationSyntax method) =>
        $"{((TypeDeclarationSyntax)method.Parent!).Identifier.Text}.{method.Identifier.Text}";

    // The rule and its sentence, the proof, and the sources, which are separated by semicolons.
    [GeneratedRegex(
        @"^- \*\*(?<rule>R-\d{3})\*\* [^—\r\n]+\. — `(?<proof>[^`\r\n]+)` — [^—;\s][^—;\r\n]*(?:; [^—;\s][^—;\r\n]*)*\r?$",
        RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("^Trait\\(\"Req\", \"(R-\\d{3})\"\\)$")]
    private static partial Regex Trait();

    [GeneratedRegex("R-\\d{3}")]
    private static partial Regex Number();
}
