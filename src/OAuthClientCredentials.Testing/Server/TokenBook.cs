namespace OAuthClientCredentials.Testing.Server;

internal sealed record IssuedToken(string Value, string? ClientId, DateTimeOffset ExpiresAt);

/// <summary>Every token that was issued, until it is revoked. Thread-safe.</summary>
internal sealed class TokenBook(TimeProvider timeProvider)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, IssuedToken> _valid = new(StringComparer.Ordinal);
    private int _issued;

    public TimeProvider Time => timeProvider;

    public IssuedToken? Last { get; private set; }

    public string Issue(string? value, TimeSpan lifetime, string? clientId)
    {
        lock (_gate)
        {
            _issued++;
            Last = new(value ?? $"token-{_issued}", clientId, timeProvider.GetUtcNow() + lifetime);
            _valid[Last.Value] = Last;
            return Last.Value;
        }
    }

    public bool IsValid(string? value)
    {
        lock (_gate)
        {
            return value is not null && _valid.TryGetValue(value, out IssuedToken? token) && timeProvider.GetUtcNow() < token.ExpiresAt;
        }
    }

    public void Revoke(Func<IssuedToken, bool> which)
    {
        lock (_gate)
        {
            foreach (IssuedToken token in _valid.Values.Where(which).ToArray())
            {
                _valid.Remove(token.Value);
            }
        }
    }
}
