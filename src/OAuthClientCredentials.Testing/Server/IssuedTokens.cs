namespace OAuthClientCredentials.Testing.Server;

/// <summary>The tokens that the server issued and has not revoked. Thread-safe.</summary>
internal sealed class IssuedTokens(TimeProvider timeProvider)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, IssuedToken> _tokens = new(StringComparer.Ordinal);
    private int _count;

    public TimeProvider TimeProvider => timeProvider;

    /// <summary>The token that was issued last, even if it was revoked.</summary>
    public IssuedToken? Last { get; private set; }

    public string Issue(string? value, TimeSpan lifetime, string? clientId, string? thumbprint)
    {
        lock (_gate)
        {
            _count++;
            Last = new(value ?? $"token-{_count}", clientId, timeProvider.GetUtcNow() + lifetime, thumbprint);
            _tokens[Last.Value] = Last;
            return Last.Value;
        }
    }

    /// <summary>Returns null if the token is unknown, expired or revoked.</summary>
    public IssuedToken? Find(string value)
    {
        lock (_gate)
        {
            return _tokens.TryGetValue(value, out IssuedToken? token) && timeProvider.GetUtcNow() < token.ExpiresAt ? token : null;
        }
    }

    public void Revoke(Func<IssuedToken, bool> predicate)
    {
        lock (_gate)
        {
            foreach (IssuedToken token in _tokens.Values.Where(predicate).ToArray())
            {
                _tokens.Remove(token.Value);
            }
        }
    }
}

/// <summary>A token. If it has a thumbprint, it is bound to the DPoP key with this <c>jkt</c>.</summary>
internal sealed record IssuedToken(string Value, string? ClientId, DateTimeOffset ExpiresAt, string? Thumbprint);
