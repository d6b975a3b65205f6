using System.Text.RegularExpressions;
using System.Xml.Linq;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Few dependencies, exact versions, builds that anybody can repeat, and a way to report in private.</summary>
public sealed partial class SupplyChainTests
{
    private static readonly Dictionary<string, string[]> Dependencies = new(StringComparer.Ordinal)
    {
        ["OAuthClientCredentials"] = ["Microsoft.Extensions.Http", "Microsoft.Extensions.Options.ConfigurationExtensions", "Polly.Core"],
        ["OAuthClientCredentials.Jwt"] = ["Microsoft.IdentityModel.JsonWebTokens"],
        ["OAuthClientCredentials.Testing"] = [],
    };

    [Fact]
    [Trait("Req", "R-240")]
    public void Each_package_depends_on_what_it_needs_and_nothing_else() =>
        Assert.Equal(
            Dependencies.Select(package => $"{package.Key}: {string.Join(' ', package.Value)}").Order(StringComparer.Ordinal),
            Repository.Files("src", "*.csproj").Select(path => $"{Path.GetFileNameWithoutExtension(path)}: {string.Join(' ', References(path))}").Order(StringComparer.Ordinal));

    [Fact]
    [Trait("Req", "R-240")]
    public void Versions_are_central_and_exact()
    {
        XElement[] versions = [.. XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion")];
        Assert.NotEmpty(versions);
        Assert.All(versions, version => Assert.Matches(Exact(), version.Attribute("Version")!.Value));
        Assert.All(
            Repository.Files("src", "*.csproj").Concat(Repository.Files("tests", "*.csproj")).Concat(Repository.Files("samples", "*.csproj")),
            project => Assert.DoesNotMatch("<PackageReference [^>]*Version=", Repository.Read(project)));
    }

    [Fact]
    [Trait("Req", "R-240")]
    public void Builds_are_deterministic_and_audited_and_the_public_workflow_takes_an_advisory_for_an_error()
    {
        string props = Repository.Read("Directory.Build.props") + Repository.Read("src/Directory.Build.props");
        Assert.All(["<Deterministic>true<", "<ContinuousIntegrationBuild ", "<EmbedUntrackedSources>true<", "<NuGetAudit>true<", "<NuGetAuditMode>all<", "<SymbolPackageFormat>snupkg<"], setting => Assert.Contains(setting, props, StringComparison.Ordinal));
        Assert.Contains("AuditAsError: true", Repository.Read(".github/workflows/ci.yml"), StringComparison.Ordinal);
        Assert.Contains("report vulnerabilities in private", Repository.Read(".github/SECURITY.md"), StringComparison.Ordinal);
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(Repository.Read(project)).Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\d+\.\d+\.\d+$")]
    private static partial Regex Exact();
}
