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
/// What the READMEs say is true: snippets compile as they stand, configuration binds and is valid, the option tables are complete,
/// and the error table quotes the messages as they are.
/// </summary>
public sealed partial class ReadmeTests
{
    /// <summary>What a project of the Web SDK gives a newcomer without a word, and what the text around a snippet speaks of.</summary>
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
            public static readonly IServiceCollection services = null!;
            public static readonly IConfiguration configuration = null!;
            public static readonly HttpClient httpClient = null!;
        }
        """;

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
        CSharpParseOptions syntax = new(LanguageVersion.Latest, DocumentationMode.None);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Snippet",
            [CSharpSyntaxTree.ParseText(Given, syntax), CSharpSyntaxTree.ParseText(code, syntax)],
            References,
            new CSharpCompilationOptions(
                IsProgram(code) ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary,
                nullableContextOptions: NullableContextOptions.Enable));
        Diagnostic[] problems = [.. compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning)];
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
    [InlineData("Of a client (`ClientCredentialsOptions`", typeof(ClientCredentialsOptions))]
    [InlineData("Of an HttpClient (`AddClientCredentialsHandler(", typeof(AccessTokenHandlerOptions))]
    public void The_table_names_every_option_and_nothing_else(string heading, Type options)
    {
        string table = Repository.Read("README.md").Split(heading)[1].Split("\n|---")[1].Split("\n\n")[0];
        IEnumerable<string> named = table.Split('\n').Skip(1)
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
        string table = Repository.Read("README.md").Split("| you see |")[1].Split("\n|---")[1].Split("\n\n")[0];

        // The platform's binder says this one.
        const string Binder = "Failed to convert configuration value";
        IEnumerable<string> quoted = table.Split('\n').Skip(1)
            .SelectMany(row => Quoted().Matches(row.Split('|')[1]).Select(match => match.Groups[1].Value))
            .SelectMany(text => text.Split('…', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Except([Binder, "OptionsValidationException", "HttpClient.Send"]);
        Assert.NotEmpty(quoted);
        Assert.All(quoted, text => Assert.Contains(text, code, StringComparison.Ordinal));
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
            "\n## Not its job\n",
            "\n## Support\n",
            "token exchange",
            "validation of tokens",
            "Linux, Windows and macOS",
        ];
        Assert.All(stated, text => Assert.Contains(text, page, StringComparison.Ordinal));
        Assert.All(["ubuntu-latest", "windows-latest", "macos-latest"], text => Assert.Contains(text, workflow, StringComparison.Ordinal));
    }

    [Fact]
    public void Links_inside_the_repository_lead_somewhere() =>
        Assert.All(
            Pages.Append("CHANGELOG.md").Append(".github/SECURITY.md").SelectMany(LinksOf),
            target => Assert.True(Path.Exists(Path.Combine(Repository.Root, target)), target));

    private static IEnumerable<string> LinksOf(string page) =>
        Link().Matches(Repository.Read(page)).Select(match => Path.Combine(Path.GetDirectoryName(page)!, match.Groups[1].Value));

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

    [GeneratedRegex("\\]\\((?!https?:|#|mailto:)([^)#]+)")]
    private static partial Regex Link();
}
