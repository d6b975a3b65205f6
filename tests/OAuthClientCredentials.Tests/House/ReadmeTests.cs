using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>
/// What the READMEs state is true: snippets compile, configuration binds and is valid, the tables of options and log events are complete,
/// and the error table quotes the messages of the code.
/// </summary>
public sealed partial class ReadmeTests
{
    /// <summary>The implicit usings of a project of the Web SDK, and the objects that the text around a snippet names.</summary>
    private const string Given = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Net.Http.Json;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        global using static Given;

        static class Given
        {
            public static IServiceCollection services = null!;
            public static IConfiguration configuration = null!;
            public static HttpClient httpClient = null!;
        }
        """;

    // The SDK suppresses it in every project: a package was built against an older version of another.
    private static readonly Dictionary<string, ReportDiagnostic> SdkSuppressions = new() { ["CS1701"] = ReportDiagnostic.Suppress };

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path))];

    private static readonly string[] Pages =
        ["README.md", .. new[] { "src", "samples", "tests" }.SelectMany(folder => Repository.Files(folder, "README.md"))];

    public static TheoryData<string, string> CSharp => BlocksOf("csharp");

    public static TheoryData<string, string> Json => BlocksOf("json");

    [Theory]
    [Trait("Req", "R-334")]
    [MemberData(nameof(CSharp))]
    public void A_snippet_compiles_as_it_stands(string page, string code)
    {
        Diagnostic[] problems = [.. Compile(code).GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)];
        Assert.True(problems.Length == 0, $"{page}\n{string.Join<Diagnostic>('\n', problems)}");
    }

    [Theory]
    [Trait("Req", "R-334")]
    [MemberData(nameof(Json))]
    public void A_configuration_snippet_binds_and_is_valid(string page, string json)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(json));
        IConfigurationRoot configuration = new ConfigurationBuilder().AddJsonStream(stream).Build();
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(configuration).AddClientCredentials().AddJwtAuthentication();
        using ServiceProvider provider = services.BuildServiceProvider();
        Exception? failure = Record.Exception(provider.GetRequiredService<IStartupValidator>().Validate);
        Assert.True(failure is null, $"{page}: {failure?.Message}");
        Assert.NotEmpty(configuration.GetSection("ClientCredentials").GetChildren());
    }

    [Theory]
    [Trait("Req", "R-334")]
    [InlineData("\n### Client options\n", typeof(ClientCredentialsOptions))]
    [InlineData("\n### Handler options\n", typeof(AccessTokenHandlerOptions))]
    public void The_table_names_every_option_and_nothing_else(string heading, Type options)
    {
        IEnumerable<string> named = RowsAfter(heading)
            .SelectMany(row => Code().Matches(row.Split('|')[1]).Select(match => match.Groups[1].Value));
        Assert.Equal(
            options.GetProperties().Select(option => option.Name).Order(StringComparer.Ordinal),
            named.Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-334")]
    public void The_error_table_quotes_the_messages_as_they_are()
    {
        string code = string.Concat(Repository.Files("src", "*.cs").Select(Repository.Read));
        IEnumerable<string> quoted = RowsAfter("| you see |")
            .SelectMany(row => Quoted().Matches(row.Split('|')[1]).Select(match => match.Groups[1].Value))
            .SelectMany(text => text.Split('…', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Except(["OptionsValidationException", "HttpClient.Send"]);
        Assert.NotEmpty(quoted);
        Assert.All(quoted, text => Assert.Contains(text, code, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-334")]
    public void The_event_table_names_every_log_event_with_its_level()
    {
        IEnumerable<string> named = RowsAfter("\n## Observability\n").Select(row => Event().Replace(row, "$1 $2 $3"));
        string code = Repository.Read("src/OAuthClientCredentials/Diagnostics/Log.cs");
        IEnumerable<string> logged = LogEvent().Matches(code).Select(match => match.Result("$1 $3 $2"));
        Assert.NotEmpty(logged);
        Assert.Equal(logged, named);
    }

    [Fact]
    [Trait("Req", "R-345")]
    public void The_main_page_states_the_two_commands_the_non_goals_and_the_support_policy()
    {
        string page = Repository.Read("README.md");
        string workflow = Repository.Read(".github/workflows/ci.yml");
        string[] stated =
        [
            "\ndotnet run --project samples/Quickstart ",
            "\ndotnet test ",
            "\n## Out of scope\n",
            "\n## Support\n",
            "Token exchange",
            "validation of tokens",
            "Linux, Windows and macOS",
        ];
        Assert.All(stated, text => Assert.Contains(text, page, StringComparison.Ordinal));
        Assert.All(["ubuntu-latest", "windows-latest", "macos-latest"], text => Assert.Contains(text, workflow, StringComparison.Ordinal));
    }

    internal static CSharpCompilation Compile(string code)
    {
        CSharpParseOptions syntax = new(LanguageVersion.Latest, DocumentationMode.None);
        return CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(Given, syntax), CSharpSyntaxTree.ParseText(code, syntax)],
            References,
            new CSharpCompilationOptions(
                IsProgram(code) ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                specificDiagnosticOptions: SdkSuppressions,
                nullableContextOptions: NullableContextOptions.Enable));
    }

    // The rows of the first table after a text, without its head.
    private static IEnumerable<string> RowsAfter(string text) =>
        Repository.Read("README.md").ReplaceLineEndings("\n").Split(text)[1].Split("\n|---")[1].Split("\n\n")[0].Split('\n').Skip(1);

    // Statements are a program, types alone a library.
    private static bool IsProgram(string code) =>
        CSharpSyntaxTree.ParseText(code).GetCompilationUnitRoot().Members.OfType<GlobalStatementSyntax>().Any();

    private static TheoryData<string, string> BlocksOf(string language)
    {
        TheoryData<string, string> blocks = [];
        foreach (string page in Pages)
        {
            const RegexOptions AcrossLines = RegexOptions.Multiline | RegexOptions.Singleline;
            foreach (Match block in Regex.Matches(Repository.Read(page), $"^```{language}\\r?\\n(.*?)^```", AcrossLines))
            {
                blocks.Add(page, block.Groups[1].Value);
            }
        }

        return blocks;
    }

    [GeneratedRegex("`(\\w+)`")]
    private static partial Regex Code();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^\\| (\\d+) `(\\w+)` \\| (\\w+) \\|.*$")]
    private static partial Regex Event();

    [GeneratedRegex("LoggerMessage\\(\\s*(\\d+),\\s*LogLevel\\.(\\w+),.*?public static partial void (\\w+)\\(", RegexOptions.Singleline)]
    private static partial Regex LogEvent();
}
