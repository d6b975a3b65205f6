using System.Net;
using System.Security.Cryptography;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>The server says by which algorithms it takes assertions.</summary>
public sealed class SigningAlgorithmTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Theory]
    [Trait("Req", "R-184")]
    [InlineData("private_key_jwt", "", null)]
    [InlineData("private_key_jwt", ""","token_endpoint_auth_signing_alg_values_supported":["RS256","ES256"]""", null)]
    [InlineData(
        "private_key_jwt",
        ""","token_endpoint_auth_signing_alg_values_supported":["PS256","RS256"]""",
        "the server's metadata does not offer ES256 for assertions, only PS256, RS256. See ClientCredentials:KeyAlgorithm.")]
    [InlineData(
        "private_key_jwt",
        ""","token_endpoint_auth_signing_alg_values_supported":["es256","RS256","a b\nc"]""",
        "the server's metadata does not offer ES256 for assertions, only es256, RS256. See")]
    [InlineData(
        "private_key_jwt",
        ""","token_endpoint_auth_methods_supported":["client_secret_jwt"]""",
        "the server's metadata does not offer private_key_jwt. Set ClientCredentials:AuthenticationMethod to one that it offers: client_secret_jwt")]
    [InlineData("client_secret_jwt", ""","token_endpoint_auth_signing_alg_values_supported":["RS256","HS256"]""", null)]
    [InlineData(
        "client_secret_jwt",
        ""","token_endpoint_auth_signing_alg_values_supported":["HS512"]""",
        "the server's metadata does not offer HS256 for assertions, only HS512. See ClientCredentials:KeyAlgorithm.")]
    public async Task Another_one_is_an_error_and_nothing_is_sent(string method, string members, string? problem)
    {
        using Golden golden = new(request => request.Method == HttpMethod.Get ? Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"https://id.example.com","token_endpoint":"https://id.example.com/token"{{members}}}""") : null);
        using OneClient client = new(golden.Handler, options =>
        {
            (options.Authority, options.TokenEndpoint, options.AuthenticationMethod) = ("https://id.example.com", null, method);
            (options.ClientSecret, options.PrivateKey) = method == "client_secret_jwt" ? ("canary", null) : (default(string), _key.ExportPkcs8PrivateKeyPem());
            options.UseJwtAuthentication();
        });
        if (problem is null)
        {
            await client.GetAsync();
            return;
        }

        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        Assert.DoesNotContain(golden.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    public void Dispose() => _key.Dispose();
}
