using System.Net;
using System.Security.Cryptography;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>The metadata lists the algorithms of assertions that the server accepts.</summary>
public sealed class SigningAlgorithmTests : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [Theory]
    [Trait("Req", "R-184")]
    [InlineData("private_key_jwt", "", null)]
    [InlineData("private_key_jwt", "\"RS256\",\"ES256\"", null)]
    [InlineData("private_key_jwt", "\"PS256\",\"RS256\"", "PS256, RS256")]
    [InlineData("private_key_jwt", "\"es256\",\"RS256\",\"a b\\nc\"", "es256, RS256")]
    [InlineData("client_secret_jwt", "\"RS256\",\"HS256\"", null)]
    [InlineData("client_secret_jwt", "\"HS512\"", "HS512")]
    public async Task Algorithm_that_is_not_offered_is_an_error_and_nothing_is_sent(string method, string algorithms, string? offered)
    {
        string member = algorithms.Length == 0 ? "" : $",\"token_endpoint_auth_signing_alg_values_supported\":[{algorithms}]";
        string document = $$"""{"issuer":"https://id.example.com","token_endpoint":"{{TestProvider.TokenEndpoint}}"{{member}}}""";
        using RecordingHandler server = new(request => request.Method == HttpMethod.Get ? Respond.Json(HttpStatusCode.OK, document) : null);
        await using TestTokenClient client = new(
            options =>
            {
                (options.Authority, options.TokenEndpoint, options.AuthenticationMethod) = ("https://id.example.com", null, method);
                options.PrivateKey = method == "private_key_jwt" ? _key.ExportPkcs8PrivateKeyPem() : null;
                options.ClientSecret = method == "client_secret_jwt" ? "canary" : null;
                options.UseJwtAuthentication();
            },
            handler: server);
        if (offered is null)
        {
            await client.RequestAsync();
            return;
        }

        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(offered, exception.Message, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:KeyAlgorithm", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
        Assert.DoesNotContain(server.Requests, request => request.StartsWith("POST", StringComparison.Ordinal));
    }

    public void Dispose() => _key.Dispose();
}
