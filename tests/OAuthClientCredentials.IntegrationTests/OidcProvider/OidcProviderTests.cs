using System.Net;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>Against panva's oidc-provider: a second server that nobody here wrote.</summary>
public sealed class OidcProviderTests : Canaries.CanaryTests
{
    private const string Secret = "canary p:w+%&=/~\"'";
    private const string Orders = "https://api.example.com/orders";
    private const string Stock = "urn:example:stock";

    [OidcProviderTheory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-021")]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-180")]
    [InlineData("client_secret_basic", true)]
    [InlineData("client_secret_basic", false)]
    [InlineData("client_secret_post", true)]
    [InlineData("client_secret_post", false)]
    public async Task A_token_is_had_and_the_API_takes_it(string method, bool discovers)
    {
        await using OidcProviderServer server = await StartAsync(method);
        await using OidcApplication application = new(server, options =>
        {
            With(options, method);
            options.Authority = discovers ? options.Authority : null;
            options.TokenEndpoint = discovers ? null : server.TokenEndpoint;
            options.Scopes = ["api:read"];
        });
        JsonObject seen = await application.CallAsync();
        Assert.Equal(("shop", "api:read"), (Text(seen["client_id"]), Text(seen["scope"])));
        await application.CallAsync();
        JsonNode request = Assert.Single(await server.RequestsAsync());
        Assert.Equal(method, Text(request["method"]));
    }

    [OidcProviderFact]
    [Trait("Req", "R-070")]
    public async Task Each_resource_has_a_token_of_its_own_whatever_its_form()
    {
        await using OidcProviderServer server = await StartAsync("client_secret_basic");
        await using OidcApplication application = new(server, options =>
        {
            With(options, "client_secret_basic");
            (options.Scopes, options.Resources) = (["api:read", "api:write"], [Orders]);
        });
        JsonObject seen = await application.CallAsync();
        Assert.Equal((Orders, "api:read api:write"), (Text(seen["aud"]), Text(seen["scope"])));
        AccessToken jwt = await application.Tokens.GetTokenAsync("api");
        AccessToken opaque = await application.Tokens.GetTokenAsync("api", new TokenRequest { Scopes = ["api:read"], Resources = [Stock] });
        Assert.Equal((true, false), (jwt.Value.StartsWith("ey", StringComparison.Ordinal), opaque.Value.Contains('.', StringComparison.Ordinal)));
        Assert.Equal(["api:read"], opaque.Scopes);
        Assert.Equal([Orders, Stock], (await server.RequestsAsync()).Select(request => Text(request["resource"])));
    }

    [OidcProviderTheory]
    [Trait("Req", "R-024")]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-067")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task A_wrong_secret_is_sent_once_and_told_clearly(string method)
    {
        await using OidcProviderServer server = await StartAsync(method);
        await using OidcApplication application = new(server, options =>
        {
            With(options, method);
            options.ClientSecret = "canary-wrong";
        });
        TokenRequestException exception = await application.FailAsync();
        await application.FailAsync();
        Assert.Equal(("api", "invalid_client", HttpStatusCode.Unauthorized, false), (exception.ClientName, exception.Error, exception.StatusCode, exception.IsTransient));
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        JsonNode request = Assert.Single(await server.RequestsAsync());
        Assert.Equal("invalid secret provided", Text(request["detail"]));
        Assert.Empty(await server.CallsAsync());
    }

    [OidcProviderFact]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-063")]
    public async Task A_resource_that_nobody_knows_is_an_error_that_names_the_option()
    {
        await using OidcProviderServer server = await StartAsync("client_secret_basic");
        await using OidcApplication application = new(server, options =>
        {
            With(options, "client_secret_basic");
            options.Resources = ["urn:example:unknown"];
        });
        TokenRequestException exception = await application.FailAsync();
        Assert.Equal(("invalid_target", false, 1), (exception.Error, exception.IsTransient, exception.Attempts));
        Assert.Contains("Resources", exception.Message, StringComparison.Ordinal);
    }

    [OidcProviderFact]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-117")]
    public async Task Revoked_tokens_are_renewed_once_for_all_calls()
    {
        await using OidcProviderServer server = await StartAsync("client_secret_basic");
        await using OidcApplication application = new(server, options => With(options, "client_secret_basic"));
        await application.CallAsync();
        await server.RevokeAsync();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => application.CallAsync()));
        Assert.Equal(2, (await server.RequestsAsync()).Count);
    }

    [OidcProviderFact]
    [Trait("Req", "R-024")]
    public async Task A_secret_changes_hands_while_both_are_taken_and_then_the_old_one_is_refused()
    {
        await using OidcProviderServer server = await StartAsync("client_secret_basic");
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, Secret);
            await using OidcApplication follows = new(server, options => (options.ClientId, options.ClientSecretFile) = ("shop", file));
            await follows.CallAsync();
            await server.ReplaceAsync(OidcClient.WithSecret("shop", "client_secret_basic", "canary-new", previous: Secret));
            await using OidcApplication stays = new(server, options => With(options, "client_secret_basic"));
            await stays.CallAsync();
            await server.ReplaceAsync(OidcClient.WithSecret("shop", "client_secret_basic", "canary-new"));
            await File.WriteAllTextAsync(file, "canary-new");
            await server.RevokeAsync();
            await follows.CallAsync();
            Assert.Equal([200, 200, 200], (await server.RequestsAsync()).Select(request => request["status"]!.GetValue<int>()));
            await using OidcApplication late = new(server, options => With(options, "client_secret_basic"));
            Assert.Equal("invalid_client", (await late.FailAsync()).Error);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Task<OidcProviderServer> StartAsync(string method) => OidcProviderServer.StartAsync(OidcClient.WithSecret("shop", method, Secret));

    private static void With(ClientCredentialsOptions options, string method) =>
        (options.ClientId, options.ClientSecret, options.AuthenticationMethod) = ("shop", Secret, method);

    private static string? Text(JsonNode? node) => node?.GetValue<string>();
}
