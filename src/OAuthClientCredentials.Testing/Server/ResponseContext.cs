using System.Net;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>One token request and the state of the server: everything that a <see cref="TestResponse"/> is created from.</summary>
internal sealed class ResponseContext(
    TestTokenRequest request,
    TestClient? client,
    string? error,
    IssuedTokens tokens,
    TimeSpan defaultLifetime)
{
    public TimeProvider TimeProvider => tokens.TimeProvider;

    public HttpResponseMessage IssueToken(TimeSpan? lifetime, string? value, string? scope, bool includeExpiresIn)
    {
        if (error is not null)
        {
            return Responses.Error(error, null, null);
        }

        TimeSpan effective = lifetime ?? client?.Lifetime ?? defaultLifetime;
        string token = tokens.Issue(value, effective, request.ClientId);
        return TokenResponse(token, includeExpiresIn ? effective : null, scope);
    }

    public HttpResponseMessage RepeatToken()
    {
        if (error is null && tokens.Last is { } last)
        {
            return TokenResponse(last.Value, last.ExpiresAt - TimeProvider.GetUtcNow(), null);
        }

        return IssueToken(null, null, null, includeExpiresIn: true);
    }

    private static HttpResponseMessage TokenResponse(string token, TimeSpan? expiresIn, string? scope) =>
        Responses.Json(HttpStatusCode.OK, json =>
        {
            json.WriteString("access_token", token);
            json.WriteString("token_type", "Bearer");
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
