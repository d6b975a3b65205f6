using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Each recipe, as it stands on its page, makes the token request that the page shows.</summary>
public sealed partial class RecipesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public static TheoryData<string, string, string> Recipes
    {
        get
        {
            TheoryData<string, string, string> recipes = [];
            foreach (Match recipe in Recipe().Matches(Repository.Read("samples/Recipes/README.md")))
            {
                recipes.Add(recipe.Groups[1].Value, recipe.Groups[2].Value, recipe.Groups[3].Value);
            }

            return recipes;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void There_is_a_recipe_for_each_common_server()
    {
        string[] servers =
        [
            "Keycloak", "Microsoft Entra", "Auth0", "Okta", "Amazon Cognito", "Google", "Salesforce", "OpenIddict", "Kubernetes",
        ];
        string page = Repository.Read("samples/Recipes/README.md");
        Assert.All(servers, server => Assert.Contains(server, page, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-334")]
    [MemberData(nameof(Recipes))]
    public async Task A_recipe_is_valid_and_makes_the_request_that_its_page_shows(string title, string json, string request)
    {
        Uri endpoint = new(request.Split('\n')[0]["POST ".Length..]);
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(WithFiles(json)));
        IConfiguration configuration = new ConfigurationBuilder().AddJsonStream(stream).Build();
        using RecordingHandler server = new(message => RespondTo(message, configuration["ClientCredentials:orders:Authority"], endpoint));
        ServiceCollection services = new();
        services.AddSingleton(configuration);
        services.AddClientCredentials()
            .AddJwtAuthentication()
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => server));
        await using ServiceProvider provider = services.BuildServiceProvider();
        provider.GetRequiredService<IStartupValidator>().Validate();
        await provider.GetRequiredService<TokenClient>().RequestTokenAsync("orders");
        string sent = Assertion().Replace(server.Requests[^1], "client_assertion=<assertion>");
        sent = Proof().Replace(sent, "DPoP: <proof>");
        Assert.True(request.TrimEnd() == sent, $"{title}:\n{server.Requests[^1]}");
    }

    [Theory]
    [Trait("Req", "R-334")]
    [InlineData("samples/Recipes/ADVICE.md")]
    [InlineData("samples/Recipes/CLIENTS.md")]
    public void A_snippet_for_other_clients_stands_in_a_test_that_runs_it(string page)
    {
        string[] tests = [.. Repository.Files("tests/OAuthClientCredentials.IntegrationTests/Recipes", "*.cs").Select(LinesOf)];
        string[] snippets = [.. Snippet().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)];
        Assert.NotEmpty(snippets);
        Assert.All(snippets, snippet => Assert.Contains(tests, test => test.Contains(Lines(snippet), StringComparison.Ordinal)));

        static string LinesOf(string path) => Lines(Repository.Read(path));
    }

    // Without indentation, which differs.
    private static string Lines(string code) => $"\n{string.Join('\n', code.Trim().Split('\n').Select(line => line.Trim()))}\n";

    private static HttpResponseMessage? RespondTo(HttpRequestMessage message, string? authority, Uri endpoint)
    {
        if (message.Method == HttpMethod.Post && message.Headers.Contains("DPoP"))
        {
            return Respond.Json(HttpStatusCode.OK, """{"access_token":"abc","token_type":"DPoP","expires_in":3600}""");
        }

        if (message.Method == HttpMethod.Post)
        {
            return null;
        }

        if (!message.RequestUri!.AbsolutePath.EndsWith("/.well-known/openid-configuration", StringComparison.Ordinal))
        {
            return new HttpResponseMessage(HttpStatusCode.NotFound);
        }

        return Respond.Json(HttpStatusCode.OK, Metadata(authority, endpoint));
    }

    private static string Metadata(string? authority, Uri endpoint)
    {
        Uri plain = endpoint.Host.StartsWith("mtls.", StringComparison.Ordinal) ? new("https://bank.example.com/token") : endpoint;
        string aliases = $$"""{"token_endpoint":"{{endpoint}}"}""";
        return $$"""{"issuer":"{{authority}}","token_endpoint":"{{plain}}","mtls_endpoint_aliases":{{aliases}}}""";
    }

    // The page's files, each with what belongs into it.
    private string WithFiles(string json)
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest subject = new("CN=shop", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = subject.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return FileOption().Replace(json, match =>
        {
            string option = match.Groups[1].Value;
            string content = option switch
            {
                "ClientSecretFile" => "secret\n",
                "ClientAssertionFile" => "assertion",
                "CertificateFile" => $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}",
                _ => key.ExportPkcs8PrivateKeyPem(),
            };
            return $"\"{option}\": \"{Write(option, content)}\"";
        });
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path.Replace('\\', '/');
    }

    [GeneratedRegex(
        "^## (.+)\n(?:(?!^## )[^`]|`(?!``))*```json\n(.*?)```\n\n```http\n(.*?)```",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Recipe();

    [GeneratedRegex("^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Snippet();

    [GeneratedRegex("\"(\\w+File)\": \"[^\"]+\"")]
    private static partial Regex FileOption();

    [GeneratedRegex("client_assertion=[^&]+$")]
    private static partial Regex Assertion();

    [GeneratedRegex("^DPoP: [A-Za-z0-9._-]+$", RegexOptions.Multiline)]
    private static partial Regex Proof();
}
