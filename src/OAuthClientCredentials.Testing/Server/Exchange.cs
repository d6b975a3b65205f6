namespace OAuthClientCredentials.Testing.Server;

/// <summary>One token request in front of the server's state: what an answer is made from.</summary>
internal sealed class Exchange(TestTokenRequest request, TestClient? client, string? refusal, TokenBook tokens, TimeSpan lifetime)
{
    public TimeProvider Time => tokens.Time;

    public HttpResponseMessage IssueToken(TimeSpan? ownLifetime, string? value, string? scope, bool saysLifetime)
    {
        if (refusal is not null)
        {
            return Responses.Error(refusal, null, null);
        }

        TimeSpan life = ownLifetime ?? client?.Lifetime ?? lifetime;
        return Write(tokens.Issue(value, life, request.ClientId), saysLifetime ? life : null, scope);
    }

    public HttpResponseMessage RepeatToken() =>
        tokens.Last is { } last && refusal is null ? Write(last.Value, last.ExpiresAt - Time.GetUtcNow(), null) : IssueToken(null, null, null, saysLifetime: true);

    private static HttpResponseMessage Write(string token, TimeSpan? lifetime, string? scope) => Responses.Json(System.Net.HttpStatusCode.OK, json =>
    {
        json.WriteString("access_token", token);
        json.WriteString("token_type", "Bearer");
        if (lifetime is { } life)
        {
            json.WriteNumber("expires_in", (long)life.TotalSeconds);
        }

        if (scope is not null)
        {
            json.WriteString("scope", scope);
        }
    });
}
