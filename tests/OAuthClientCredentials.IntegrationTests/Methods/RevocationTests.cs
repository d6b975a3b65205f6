using System.Net;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OpenIddict.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>A real server revokes tokens (RFC 7009).</summary>
public sealed class RevocationTests : CanaryTests
{
    [Theory]
    [Trait("Req", "R-232")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task The_API_refuses_a_revoked_token_and_accepts_the_next_one(string method)
    {
        const string Secret = Canary.Marker + "revocation";
        using X509Certificate2 authority = TestCertificates.Authority();
        await using OpenIddictServer server = await OpenIddictServer.StartAsync(authority, bindsTokens: false);
        await server.RegisterAsync(new OpenIddictApplicationDescriptor { ClientId = "revoker", ClientSecret = Secret });
        await using TestApplication application = new(server, options =>
            (options.ClientId, options.ClientSecret, options.AuthenticationMethod) = ("revoker", Secret, method));
        TokenProvider tokens = (TokenProvider)application.Tokens;
        AccessToken revoked = await tokens.GetTokenAsync("api");
        Assert.Equal(HttpStatusCode.OK, await CallAsync(server, revoked));

        await tokens.RevokeAsync("api");
        Assert.Equal(HttpStatusCode.Unauthorized, await CallAsync(server, revoked));
        await application.CallAsync();
        Assert.NotEqual(revoked.Value, (await tokens.GetTokenAsync("api")).Value);
    }

    private static async Task<HttpStatusCode> CallAsync(OpenIddictServer server, AccessToken token)
    {
        using HttpClient client = new(server.CreateHandler());
        client.DefaultRequestHeaders.Authorization = token.AuthorizationHeader;
        using HttpResponseMessage response = await client.GetAsync(server.Api);
        return response.StatusCode;
    }
}
