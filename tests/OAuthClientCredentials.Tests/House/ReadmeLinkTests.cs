using System.Text.RegularExpressions;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>The table of contents matches the headings, and every link and anchor on a page leads somewhere.</summary>
public sealed partial class ReadmeLinkTests
{
    private static readonly string[] PackagePages = [.. Repository.Files("src", "README.md")];

    private static readonly string[] Pages =
    [
        "README.md", "CHANGELOG.md", ".github/SECURITY.md", "samples/Recipes/ADVICE.md", "samples/Recipes/CLIENTS.md", .. PackagePages,
        .. new[] { "samples", "tests" }.SelectMany(folder => Repository.Files(folder, "README.md")),
    ];

    /// <summary>Absolute links into the repository start with this.</summary>
    private static readonly string Blob =
        ProjectUrl().Match(Repository.Read("src/Directory.Build.props")).Groups[1].Value + "/blob/main/";

    public static TheoryData<string> AllPages => [.. Pages];

    public static TheoryData<string> AllPackagePages => [.. PackagePages];

    [Fact]
    [Trait("Req", "R-334")]
    public void The_table_of_contents_lists_the_headings_below_it()
    {
        string[] parts = Prose("README.md").Split("\n## Contents\n");
        IEnumerable<string> expected = Heading().Matches(parts[1])
            .Where(heading => heading.Groups[1].Length == 2)
            .Select(heading => heading.Groups[2].Value)
            .Select(text => $"- [{text}](#{Slug(text)})");
        Assert.Equal(expected, parts[1].Split("\n## ")[0].Trim().Split('\n'));
    }

    [Theory]
    [Trait("Req", "R-334")]
    [MemberData(nameof(AllPages))]
    public void Each_link_into_the_repository_leads_to_a_file_and_a_heading(string page)
    {
        string folder = Path.GetDirectoryName(page)!;
        IEnumerable<string> relative = TargetsOf(page)
            .Where(target => !target.Contains(':', StringComparison.Ordinal))
            .Select(target => target.StartsWith('#') ? page + target : Path.Combine(folder, target));
        IEnumerable<string> absolute = TargetsOf(page)
            .Where(target => target.StartsWith(Blob, StringComparison.Ordinal))
            .Select(target => target[Blob.Length..]);
        Assert.All(relative.Concat(absolute), target => Assert.True(LeadsSomewhere(target), $"{page} links to {target}."));
    }

    [Theory]
    [Trait("Req", "R-334")]
    [MemberData(nameof(AllPackagePages))]
    public void A_package_page_has_absolute_links_only(string page) =>
        Assert.All(TargetsOf(page), target => Assert.StartsWith("https://", target, StringComparison.Ordinal));

    [Fact]
    [Trait("Req", "R-334")]
    public void Each_package_page_links_to_the_documentation() =>
        Assert.All(PackagePages, page => Assert.Contains($"{Blob}README.md", TargetsOf(page)));

    [Theory]
    [Trait("Req", "R-334")]
    [InlineData("README.md")]
    [InlineData(".github/SECURITY.md")]
    public void Each_rule_that_a_page_names_is_in_the_list_of_rules(string page)
    {
        string rules = Repository.Read("tests/RULES.md");
        Assert.All(Rule().Matches(Repository.Read(page)), rule => Assert.Contains($"**{rule.Value}**", rules, StringComparison.Ordinal));
    }

    private static bool LeadsSomewhere(string target)
    {
        string[] parts = target.Split('#');
        if (parts.Length == 1)
        {
            return Path.Exists(Path.Combine(Repository.Root, parts[0]));
        }

        return File.Exists(Path.Combine(Repository.Root, parts[0])) && AnchorsOf(parts[0]).Contains(parts[1], StringComparer.Ordinal);
    }

    private static string[] TargetsOf(string page) =>
        [.. Link().Matches(Prose(page)).Select(match => match.Groups[1].Value + match.Groups[2].Value)];

    private static string[] AnchorsOf(string page) => [.. Heading().Matches(Prose(page)).Select(heading => Slug(heading.Groups[2].Value))];

    // As GitHub makes the anchor of a heading.
    private static string Slug(string heading) =>
        NotInSlug().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    // Code has brackets that are not links, and comments that are not headings.
    private static string Prose(string page) => CodeBlock().Replace(Repository.Read(page).ReplaceLineEndings("\n"), "");

    [GeneratedRegex("^(#{1,6}) (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("\\]\\(([^)\\s]+)\\)|^\\[[^\\]]+\\]: (\\S+)$", RegexOptions.Multiline)]
    private static partial Regex Link();

    [GeneratedRegex("^```.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("[^\\w\\- ]")]
    private static partial Regex NotInSlug();

    [GeneratedRegex("R-\\d{3}")]
    private static partial Regex Rule();

    [GeneratedRegex("<PackageProjectUrl>(.+?)</PackageProjectUrl>")]
    private static partial Regex ProjectUrl();
}
