using System.Net;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>One token request and the state of the server: everything that a <see cref="TestResponse"/> is created from.</summary>
internal sealed class ResponseContext(
    TestTokenRequest request,
    TestClient? client,
    Rejection? rejection,
    string? thumbprint,
    DPoPEndpoint dpop,
    IssuedTokens tokens,
    TimeSpan defaultLifetime)
{
    public TimeProvider TimeProvider => tokens.TimeProvider;

    public HttpResponseMessage IssueToken(TimeSpan? lifetime, string? value, string? scope, bool includeExpiresIn)
    {
        if (rejection is not null)
        {
            return dpop.AddNonce(Responses.Error(rejection.Error, rejection.Reason, null), rejection);
        }

        TimeSpan effective = lifetime ?? client?.Lifetime ?? defaultLifetime;
        string token = tokens.Issue(value, effective, request.ClientId, thumbprint);
        return CreateTokenResponse(token, includeExpiresIn ? effective : null, scope);
    }

    public HttpResponseMessage RepeatToken()
    {
        if (rejection is null && tokens.Last is { } last && last.Thumbprint == thumbprint)
        {
            return CreateTokenResponse(last.Value, last.ExpiresAt - TimeProvider.GetUtcNow(), null);
        }

        return IssueToken(null, null, null, includeExpiresIn: true);
    }

    public HttpResponseMessage ChallengeNonce(string? nonce) =>
        dpop.Challenge(Responses.Error(Rejection.NonceRequired, null, null), nonce);

    private HttpResponseMessage CreateTokenResponse(string token, TimeSpan? expiresIn, string? scope) =>
        Responses.Json(HttpStatusCode.OK, json =>
        {
            json.WriteString("access_token", token);
            json.WriteString("token_type", thumbprint is null ? "Bearer" : DPoPEndpoint.Scheme);
            if (expiresIn is { } lifetime)
            {
                json.WriteNumber("expires_in", (long)lifetime.TotalSeconds);
            }

            if (scope is not null)
            {
                json.WriteString("scope", scope);
            }
        });
}
