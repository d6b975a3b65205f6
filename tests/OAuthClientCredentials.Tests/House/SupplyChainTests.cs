using System.Text.RegularExpressions;
using System.Xml.Linq;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Few dependencies, exact versions, pinned actions, repeatable builds, and a private way to report vulnerabilities.</summary>
public sealed partial class SupplyChainTests
{
    private const string Workflows = ".github/workflows";
    private const string Workflow = Workflows + "/ci.yml";

    private static readonly Dictionary<string, string[]> Dependencies = new(StringComparer.Ordinal)
    {
        ["OAuthClientCredentials"] =
        [
            "Microsoft.Extensions.Diagnostics.HealthChecks",
            "Microsoft.Extensions.Http",
            "Microsoft.Extensions.Options.ConfigurationExtensions",
            "Polly.Core",
        ],
        ["OAuthClientCredentials.Distributed"] =
        [
            "DistributedLock.Core",
            "Microsoft.AspNetCore.DataProtection.Abstractions",
            "Microsoft.Extensions.Caching.Abstractions",
        ],
        ["OAuthClientCredentials.Jwt"] = ["Microsoft.IdentityModel.JsonWebTokens"],
        ["OAuthClientCredentials.Testing"] = ["Microsoft.IdentityModel.Tokens"],
    };

    [Fact]
    [Trait("Req", "R-240")]
    public void Each_package_depends_on_what_it_needs_and_nothing_else() =>
        Assert.Equal(
            Dependencies.Select(package => $"{package.Key}: {string.Join(' ', package.Value)}").Order(StringComparer.Ordinal),
            Repository.Files("src", "*.csproj")
                .Select(path => $"{Path.GetFileNameWithoutExtension(path)}: {string.Join(' ', References(path))}")
                .Order(StringComparer.Ordinal));

    [Fact]
    [Trait("Req", "R-240")]
    public void Versions_are_central_and_exact()
    {
        XElement[] versions = [.. XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")];
        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.Matches(Exact(), version.Attribute("Version")!.Value));
        string[] folders = ["src", "tests", "samples"];
        Assert.All(
            folders.SelectMany(folder => Repository.Files(folder, "*.csproj")),
            project => Assert.DoesNotMatch("<PackageReference [^>]*Version=", Repository.Read(project)));
    }

    [Fact]
    [Trait("Req", "R-240")]
    public void Builds_are_deterministic_and_audited_and_public_CI_fails_for_advisories()
    {
        string props = Repository.Read("Directory.Build.props") + Repository.Read("src/Directory.Build.props");
        string[] settings =
        [
            "<Deterministic>true<",
            "<ContinuousIntegrationBuild ",
            "<EmbedUntrackedSources>true<",
            "<NuGetAudit>true<",
            "<NuGetAuditMode>all<",
            "<SymbolPackageFormat>snupkg<",
        ];
        Assert.All(settings, setting => Assert.Contains(setting, props, StringComparison.Ordinal));
        Assert.Contains("AuditAsError: true", Repository.Read(Workflow), StringComparison.Ordinal);
        Assert.Contains("report vulnerabilities in private", Repository.Read(".github/SECURITY.md"), StringComparison.Ordinal);
    }

    // A tag can be moved to other code, a commit hash cannot. The comment tells people which release the hash is.
    [Fact]
    [Trait("Req", "R-240")]
    public void Each_action_is_pinned_by_its_commit_hash_and_names_its_version()
    {
        string[] actions = [.. Repository.Files(Workflows, "*.y*ml").SelectMany(LinesOf).Where(line => Uses().IsMatch(line))];
        Assert.NotEmpty(actions);
        Assert.All(actions, action => Assert.Matches(Pinned(), action));
    }

    [Fact]
    [Trait("Req", "R-240")]
    public void Each_Linux_job_of_the_public_workflow_runs_the_gate()
    {
        string workflow = Repository.Read(Workflow).ReplaceLineEndings("\n");
        string[] jobs = JobName().Split(workflow[workflow.IndexOf("\njobs:\n", StringComparison.Ordinal)..]);
        string[] linux = [.. jobs.Where(job => job.Contains("runs-on: ubuntu-", StringComparison.Ordinal))];
        Assert.NotEmpty(linux);
        Assert.All(linux, job => Assert.Contains("\n      - run: .ci/run", job, StringComparison.Ordinal));
        string changes = Assert.Single(linux, job => job.Contains("github.event_name == 'pull_request'", StringComparison.Ordinal));
        string nightly = Assert.Single(linux, job => job.Contains("github.event_name == 'schedule'", StringComparison.Ordinal));
        Assert.DoesNotContain("--long", changes, StringComparison.Ordinal);
        Assert.Contains(".ci/run --long\n", nightly, StringComparison.Ordinal);
    }

    private static string[] LinesOf(string path) => Repository.Read(path).ReplaceLineEndings("\n").Split('\n');

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project))
            .Descendants("PackageReference")
            .Select(reference => reference.Attribute("Include")!.Value)
            .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$")]
    private static partial Regex Exact();

    [GeneratedRegex(@"^[\s-]*uses\s*:")]
    private static partial Regex Uses();

    [GeneratedRegex(@"^ +(- )?uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"^  [\w-]+:$", RegexOptions.Multiline)]
    private static partial Regex JobName();
}
