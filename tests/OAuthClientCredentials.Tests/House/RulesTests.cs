using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>RULES.md and the tests agree, both ways.</summary>
public sealed partial class RulesTests
{
    private static readonly (string Rule, string Proof)[] Stated =
        [.. Line().Matches(Repository.Read("tests/RULES.md")).Select(match => (match.Groups["rule"].Value, match.Groups["proof"].Value))];

    private static readonly ILookup<string, string> Tested =
        Repository.Files("tests", "*.cs")
            .SelectMany(path => CSharpSyntaxTree.ParseText(Repository.Read(path)).GetRoot().DescendantNodes().OfType<MethodDeclarationSyntax>())
            .SelectMany(
                method => method.AttributeLists.SelectMany(list => list.Attributes).Select(attribute => Trait().Match(attribute.ToString())).Where(match => match.Success),
                (method, match) => (Rule: match.Groups[1].Value, Test: $"{((TypeDeclarationSyntax)method.Parent!).Identifier.Text}.{method.Identifier.Text}"))
            .ToLookup(found => found.Rule, found => found.Test);

    [Fact]
    public void Every_rule_is_stated_once_in_order() =>
        Assert.Equal(Stated.Select(stated => int.Parse(stated.Rule[2..], System.Globalization.CultureInfo.InvariantCulture)).Distinct().Order(), Stated.Select(stated => int.Parse(stated.Rule[2..], System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void Every_line_is_a_rule() =>
        Assert.Equal(Repository.Read("tests/RULES.md").Split('\n').Count(line => line.StartsWith("- ", StringComparison.Ordinal)), Stated.Length);

    [Fact]
    public void Every_rule_has_the_test_that_it_names() =>
        Assert.All(Stated, stated => Assert.True(
            Tested[stated.Rule].Contains(stated.Proof) || (stated.Proof.StartsWith(".ci/run: ", StringComparison.Ordinal) && Repository.Read(".ci/run").Contains($"\nstep \"{stated.Proof[9..]}\" ", StringComparison.Ordinal)),
            $"{stated.Rule} names {stated.Proof}, which does not carry its number."));

    [Fact]
    public void Every_test_with_a_number_proves_a_rule_that_is_stated() => Assert.Empty(Tested.Select(tests => tests.Key).Except(Stated.Select(stated => stated.Rule)));

    [GeneratedRegex("^- \\*\\*(?<rule>R-\\d{3})\\*\\* .+\\. — `(?<proof>[^`]+)`\\r?$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex("^Trait\\(\"Req\", \"(R-\\d{3})\"\\)$")]
    private static partial Regex Trait();
}
