using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>The house rules, held by reading the source: what is public, who knows whom, and where a second look is due.</summary>
public sealed class ArchitectureTests
{
    private const string Core = "src/OAuthClientCredentials";

    private const int MaxRootTypes = 20;
    private const int LongFile = 300;
    private const int LongMethod = 50;

    /// <summary>Data flows one way: who names which room.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["AccessToken"] = ["Diagnostics"],
        ["AccessTokenHandler"] = ["Api", "Caching", "Resilience", "Transport"],
        ["Api"] = ["Diagnostics", "Resilience", "Transport"],
        ["Authentication"] = ["Diagnostics", "Transport"],
        ["AuthorizationServerRequest"] = ["Diagnostics", "Transport"],
        ["Caching"] = ["Clients", "Diagnostics", "Resilience", "TokenEndpoint", "Transport"],
        ["Clients"] = ["Authentication", "Diagnostics", "Resilience", "Transport"],
        ["DependencyInjection"] = ["Api", "Caching", "Clients", "Diagnostics", "Hosting", "HttpClients", "TokenEndpoint"],
        ["Discovery"] = ["Clients", "Diagnostics", "Resilience", "Transport"],
        ["Hosting"] = ["Clients", "Diagnostics", "Resilience"],
        ["HttpClients"] = ["Api", "Diagnostics", "Transport"],
        ["HttpRequestMessageExtensions"] = ["Api"],
        ["TokenBinding"] = ["Transport"],
        ["TokenClient"] = ["Clients", "Diagnostics", "Discovery", "Resilience", "TokenEndpoint", "Transport"],
        ["TokenEndpoint"] = ["Authentication", "Clients", "Diagnostics", "Discovery", "Resilience", "Transport"],
        ["TokenProvider"] = ["Caching", "Clients", "Diagnostics", "TokenEndpoint", "Transport"],
        ["TokenProvider.Disposal"] = ["Clients", "Resilience"],
        ["TokenRequest"] = ["Transport"],
        ["Transport"] = ["Diagnostics"],
    };

    /// <summary>
    /// Public types that a file must not name: the handler knows the provider and never the client, the client knows nothing of caching.
    /// </summary>
    private static readonly Dictionary<string, string[]> Strangers = new(StringComparer.Ordinal)
    {
        ["TokenClient"] = ["TokenProvider", "ITokenProvider", "AccessTokenHandler", "Caching"],
        ["TokenProvider"] = ["AccessTokenHandler"],
        ["AccessTokenHandler"] = ["TokenClient"],
        ["Caching"] = ["TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Transport"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Authentication"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Discovery"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Resilience"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Clients"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["TokenEndpoint"] = ["TokenClient", "TokenProvider", "ITokenProvider", "AccessTokenHandler"],
        ["Api"] = ["TokenClient", "TokenProvider", "ITokenProvider"],
    };

    /// <summary>Longer than a file should be, each looked at a second time, and why it stays whole.</summary>
    private static readonly Dictionary<string, string> LongFiles = new(StringComparer.Ordinal)
    {
        ["Caching/TokenSource.cs"] = "One state machine under one lock: cut in two, neither half could be judged.",
    };

    private static readonly string[] CoreFiles = [.. Repository.Files(Core, "*.cs").Select(path => path[(Core.Length + 1)..])];

    private static readonly TypeGraph Files = TypeGraph.OfFiles(Core);

    [Fact]
    public void Root_is_public_and_a_folder_is_internal() =>
        Assert.Empty(CoreFiles.SelectMany(TypesOf, (file, type) => (File: file, Type: type))
            .Where(found => found.Type.Modifiers.Any(SyntaxKind.PublicKeyword) != (IsInRoot(found.File) || IsRegistration(found.File)))
            .Select(found => $"{found.File}: {found.Type.Identifier.Text}"));

    [Fact]
    public void A_namespace_is_package_and_folder() =>
        Assert.All(CoreFiles, file => Assert.Equal(
            NamespaceOf("OAuthClientCredentials", file),
            Assert.Single(Parse(file).Members.OfType<BaseNamespaceDeclarationSyntax>()).Name.ToString()));

    [Fact]
    public void A_satellite_keeps_the_same_house_and_knows_the_core_only()
    {
        string[] projects = [.. Repository.Files("src", "*.csproj").Where(path => path != $"{Core}/OAuthClientCredentials.csproj")];
        Assert.NotEmpty(projects);
        foreach (string project in projects)
        {
            Assert.Equal(
                ["../OAuthClientCredentials/OAuthClientCredentials.csproj"],
                Regex.Matches(Repository.Read(project), "<ProjectReference Include=\"([^\"]+)\"").Select(match => match.Groups[1].Value));
            string folder = Path.GetDirectoryName(project)!.Replace('\\', '/');
            string[] files = [.. Repository.Files(folder, "*.cs").Select(path => path[(folder.Length + 1)..])];
            Assert.InRange(CountRootTypes(files), 1, MaxRootTypes);
            Assert.All(files, file =>
            {
                CompilationUnitSyntax unit = ParseText($"{folder}/{file}");
                BaseNamespaceDeclarationSyntax space = Assert.Single(unit.Members.OfType<BaseNamespaceDeclarationSyntax>());
                Assert.Equal(NamespaceOf(Path.GetFileName(folder), file), space.Name.ToString());
                Assert.All(
                    space.Members.OfType<BaseTypeDeclarationSyntax>(),
                    type => Assert.Equal(IsInRoot(file) || IsRegistration(file), type.Modifiers.Any(SyntaxKind.PublicKeyword)));
                Assert.InRange(Repository.Read($"{folder}/{file}").Count(character => character == '\n'), 1, LongFile);
            });
        }
    }

    [Fact]
    public void No_files_form_a_circle() => Assert.Empty(Files.Circles());

    [Fact]
    public void No_rooms_and_root_types_form_a_circle() => Assert.Empty(Files.ByRoom().Circles());

    [Fact]
    public void Rooms_know_exactly_the_rooms_that_the_table_names()
    {
        string[] rooms = [.. CoreFiles.Where(file => !IsInRoot(file)).Select(TypeGraph.RoomOf).Distinct()];
        IEnumerable<string> drawn = Arrows.SelectMany(arrow => arrow.Value, (arrow, room) => $"{arrow.Key} -> {room}");
        IEnumerable<string> found = Files.ByRoom().Arrows
            .SelectMany(arrow => arrow.Value.Intersect(rooms), (arrow, room) => $"{arrow.Key} -> {room}");
        Assert.Equal(drawn.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_file_knows_the_public_types_that_come_after_it() =>
        Assert.Empty(Files.ByRoom().Arrows.SelectMany(
            arrow => arrow.Value.Intersect(Strangers.GetValueOrDefault(arrow.Key, [])),
            (arrow, stranger) => $"{arrow.Key} -> {stranger}"));

    [Fact]
    public void The_root_has_at_most_20_types() => Assert.InRange(CountRootTypes(CoreFiles), 1, MaxRootTypes);

    [Fact]
    public void Classes_are_sealed_unless_they_are_made_to_be_derived_from() =>
        Assert.Empty(CoreFiles.SelectMany(file => Parse(file).DescendantNodes().OfType<ClassDeclarationSyntax>())
            .Where(type => !type.Modifiers.Any(modifier =>
                modifier.Kind() is SyntaxKind.SealedKeyword or SyntaxKind.StaticKeyword or SyntaxKind.AbstractKeyword))
            .Select(type => type.Identifier.Text));

    [Fact]
    public void A_file_stays_short_or_its_length_has_a_reason() =>
        Assert.Equal(LongFiles.Keys, CoreFiles.Where(file => LinesOf(file).Count() > LongFile));

    [Fact]
    public void A_method_stays_short() =>
        Assert.Empty(CoreFiles.SelectMany(file => Parse(file).DescendantNodes().OfType<BaseMethodDeclarationSyntax>())
            .Where(method => method.ToString().Count(character => character == '\n') >= LongMethod)
            .Select(method => method.ToString()));

    [Fact]
    public void Each_suppression_stands_alone_and_says_why() =>
        Assert.All(
            CoreFiles.SelectMany(LinesOf).Where(line => line.Contains("#pragma warning disable", StringComparison.Ordinal)),
            line => Assert.Matches(@"^#pragma warning disable [A-Z]+\d+ // \S.+\.$", line));

    [Fact]
    [Trait("Req", "R-082")]
    public void Time_comes_from_the_TimeProvider() => Assert.Equal(
        [
            "P:System.DateTime.UtcNow",
            "P:System.DateTime.Now",
            "P:System.DateTimeOffset.UtcNow",
            "P:System.DateTimeOffset.Now",
            "P:System.Environment.TickCount",
            "P:System.Environment.TickCount64",
            "T:System.Diagnostics.Stopwatch",
            "M:System.Threading.Tasks.Task.Delay(System.Int32)",
            "M:System.Threading.Tasks.Task.Delay(System.Int32,System.Threading.CancellationToken)",
            "M:System.Threading.Tasks.Task.Delay(System.TimeSpan)",
            "M:System.Threading.Tasks.Task.Delay(System.TimeSpan,System.Threading.CancellationToken)",
        ],
        BannedBy("R-082"));

    [Fact]
    [Trait("Req", "R-095")]
    public void Nothing_blocks_on_a_task_or_a_thread() => Assert.Equal(
        [
            "M:System.Threading.Tasks.Task.Wait",
            "M:System.Threading.Tasks.Task.Wait(System.Threading.CancellationToken)",
            "M:System.Threading.Tasks.Task.Wait(System.TimeSpan)",
            "P:System.Threading.Tasks.Task`1.Result",
            "P:System.Threading.Tasks.ValueTask`1.Result",
            "M:System.Threading.Thread.Sleep(System.Int32)",
            "M:System.Threading.Thread.Sleep(System.TimeSpan)",
        ],
        BannedBy("R-095"));

    [Fact]
    [Trait("Req", "R-096")]
    public void Every_await_is_configured() => Assert.Contains(
        "\n[src/**.cs]\ndotnet_diagnostic.CA2007.severity = warning\n",
        Repository.Read(".editorconfig").ReplaceLineEndings("\n"),
        StringComparison.Ordinal);

    [Fact]
    [Trait("Req", "R-115")]
    public void Headers_are_set_with_validation()
    {
        const string Method = "M:System.Net.Http.Headers.HttpHeaders.TryAddWithoutValidation";
        string[] overloads =
        [
            $"{Method}(System.String,System.String)",
            $"{Method}(System.String,System.Collections.Generic.IEnumerable{{System.String}})",
        ];
        Assert.Equal(overloads, BannedBy("R-115"));
    }

    [Fact]
    [Trait("Req", "R-219")]
    public void Random_numbers_come_from_RandomNumberGenerator() => Assert.Equal(["T:System.Random"], BannedBy("R-219"));

    [Fact]
    [Trait("Req", "R-082")]
    [Trait("Req", "R-095")]
    [Trait("Req", "R-096")]
    [Trait("Req", "R-115")]
    [Trait("Req", "R-219")]
    public void A_banned_symbol_is_an_error_that_only_the_copy_of_a_request_suppresses()
    {
        string props = Repository.Read("src/Directory.Build.props");
        string shared = Repository.Read("Directory.Build.props");
        Assert.Contains("<PackageReference Include=\"Microsoft.CodeAnalysis.BannedApiAnalyzers\"", props, StringComparison.Ordinal);
        Assert.Contains("<AdditionalFiles Include=\"$(MSBuildThisFileDirectory)BannedSymbols.txt\" />", props, StringComparison.Ordinal);
        Assert.Contains("<AnalysisMode>All</AnalysisMode>", props, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", shared, StringComparison.Ordinal);
        Assert.DoesNotMatch("RS0030|CA2007", shared);
        Assert.DoesNotContain("RS0030", Repository.Read(".editorconfig"), StringComparison.Ordinal);
        string[] suppressed = [$"{Core}/Api/RequestCopy.cs"];
        Assert.Equal(suppressed, Repository.Files("src", "*").Where(path => Regex.IsMatch(Repository.Read(path), "RS0030|CA2007")));
    }

    [Fact]
    [Trait("Req", "R-094")]
    public void No_waiter_runs_on_the_thread_that_completes_a_flight() =>
        Assert.All(
            CoreFiles.SelectMany(LinesOf).Where(line => line.Contains(" TaskCompletionSource", StringComparison.Ordinal)),
            line => Assert.Contains("TaskCreationOptions.RunContinuationsAsynchronously", line, StringComparison.Ordinal));

    [Fact]
    [Trait("Req", "R-097")]
    public void No_linked_cancellation_ends_before_the_work_that_listens_to_it() =>
        Assert.DoesNotContain(
            CoreFiles.SelectMany(LinesOf),
            line => Regex.IsMatch(line, "using .*CreateLinkedTokenSource"));

    [Fact]
    [Trait("Req", "R-006")]
    public void Nothing_weakens_the_validation_of_certificates()
    {
        const string Weakening = "CertificateValidationCallback|CertificateCustomValidation|DangerousAcceptAny|CertificateRevocation";
        Assert.All(CoreFiles, file => Assert.DoesNotMatch(Weakening, WithoutCopiedSettings(Repository.Read($"{Core}/{file}"))));
        Assert.Equal(
            ["Transport/TlsSettings.cs"],
            CoreFiles.Where(file => Regex.IsMatch(WithoutCopiedSettings(Repository.Read($"{Core}/{file}")), "SslProtocols")));
        Assert.DoesNotContain(
            typeof(ClientCredentialsOptions).GetProperties()
                .Concat(typeof(AccessTokenHandlerOptions).GetProperties())
                .Select(option => option.Name),
            name => Regex.IsMatch(name, "Ignore|Skip|Validat|Trust"));
    }

    // A copy of your handler validates certificates as your handler does.
    private static string WithoutCopiedSettings(string code) =>
        Regex.Replace(code, @"^ +(\w+) = original\.\1,$", "", RegexOptions.Multiline);

    private static IEnumerable<string> BannedBy(string rule) =>
        Repository.Read("src/BannedSymbols.txt").ReplaceLineEndings("\n").Split('\n')
            .Where(line => line.EndsWith($"({rule})", StringComparison.Ordinal))
            .Select(line => line.Split(';')[0]);

    // A file Type.Part.cs belongs to the type of Type.cs.
    private static int CountRootTypes(IEnumerable<string> files) => files.Where(IsInRoot).DistinctBy(file => file.Split('.')[0]).Count();

    private static bool IsInRoot(string file) => !file.Contains('/', StringComparison.Ordinal);

    private static bool IsRegistration(string file) =>
        file.StartsWith("DependencyInjection/", StringComparison.Ordinal) && file.EndsWith("Extensions.cs", StringComparison.Ordinal);

    private static string NamespaceOf(string package, string file)
    {
        if (IsRegistration(file))
        {
            return "Microsoft.Extensions.DependencyInjection";
        }

        return string.Join('.', file.Split('/').SkipLast(1).Prepend(package));
    }

    private static IEnumerable<string> LinesOf(string file) => Repository.Read($"{Core}/{file}").TrimEnd('\n').Split('\n');

    private static IEnumerable<BaseTypeDeclarationSyntax> TypesOf(string file) =>
        Parse(file).Members.OfType<BaseNamespaceDeclarationSyntax>().SelectMany(space => space.Members).OfType<BaseTypeDeclarationSyntax>();

    private static CompilationUnitSyntax Parse(string file) => ParseText($"{Core}/{file}");

    private static CompilationUnitSyntax ParseText(string path) =>
        CSharpSyntaxTree.ParseText(Repository.Read(path)).GetCompilationUnitRoot();
}
