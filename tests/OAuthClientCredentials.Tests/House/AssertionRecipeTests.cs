using Microsoft.AspNetCore.Http;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>The recipes whose assertion comes from a callback, run against the endpoint of the platform and a token endpoint.</summary>
public sealed class AssertionRecipeTests : PageRunTests
{
    /// <summary>The endpoint is that of App Service, which Azure.Identity finds by two variables.</summary>
    [Fact]
    [Trait("Req", "R-367")]
    public async Task Managed_identity_is_the_assertion()
    {
        string? resource = null;
        await using LoopbackServer endpoint = await LoopbackServer.StartAsync(context =>
        {
            resource = context.Request.Query["resource"];
            context.Response.ContentType = "application/json";
            long expiry = DateTimeOffset.UtcNow.AddHours(8).ToUnixTimeSeconds();
            return context.Response.WriteAsync(
                $$"""{"access_token":"assertion","expires_on":"{{expiry}}","resource":"{{resource}}","token_type":"Bearer"}""");
        });
        Environment.SetEnvironmentVariable("IDENTITY_ENDPOINT", $"{endpoint.Address}msi/token");
        Environment.SetEnvironmentVariable("IDENTITY_HEADER", "secret");
        await Snippet.Of("samples/Recipes/README.md: Microsoft Entra, with a managed identity")
            .With("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", ServerAddress)
            .RunAsync(Services);
        await GetTokenAsync("orders");
        Assert.Equal("api://AzureADTokenExchange", resource);
        Server.Verify(1, request => request.Used("assertion") && request.Scopes.Contains("api://orders/.default"));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task OIDC_token_of_GitHub_Actions_is_the_assertion_and_each_attempt_has_its_own()
    {
        int count = 0;
        (string? Audience, string? Version, string? Authorization) received = default;
        await using LoopbackServer github = await LoopbackServer.StartAsync(context =>
        {
            IQueryCollection query = context.Request.Query;
            received = (query["audience"], query["api-version"], context.Request.Headers.Authorization);
            return context.Response.WriteAsync($$"""{"count":1,"value":"assertion {{++count}}"}""");
        });
        Environment.SetEnvironmentVariable("ACTIONS_ID_TOKEN_REQUEST_URL", $"{github.Address}?api-version=2.0");
        Environment.SetEnvironmentVariable("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-1");
        Server.Next(TestResponse.Unavailable());
        await Snippet.Of("samples/Recipes/README.md: GitHub Actions").With(Authority, ServerAddress).RunAsync(Services);
        await GetTokenAsync("orders");
        Assert.Equal((ServerAddress, "2.0", "Bearer job-1"), received);
        Assert.Equal([true, true], Server.Requests.Select((request, index) => request.Used($"assertion {index + 1}")));
    }
}
