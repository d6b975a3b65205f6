namespace OAuthClientCredentials.Testing;

/// <summary>A client that a <see cref="TestAuthorizationServer"/> knows. Each method returns the same client; thread-safe.</summary>
public sealed class TestClient
{
    private readonly object _gate = new();
    private string[] _secrets;
    private string[]? _scopes;

    internal TestClient(string clientId, string[] secrets)
    {
        ClientId = clientId;
        _secrets = [.. secrets];
    }

    /// <summary>The client identifier.</summary>
    public string ClientId { get; }

    internal TimeSpan? Lifetime { get; private set; }

    /// <summary>Gives its tokens a lifetime of their own.</summary>
    /// <param name="lifetime">The lifetime; <c>expires_in</c> says it in whole seconds.</param>
    /// <returns>This client.</returns>
    public TestClient WithLifetime(TimeSpan lifetime)
    {
        Lifetime = lifetime;
        return this;
    }

    /// <summary>Limits what it may ask for: another scope is <c>invalid_scope</c>.</summary>
    /// <param name="scopes">The scopes.</param>
    /// <returns>This client.</returns>
    public TestClient WithScopes(params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        _scopes = [.. scopes];
        return this;
    }

    /// <summary>Accepts one more secret from now on, as servers do in a rotation.</summary>
    /// <param name="secret">The new secret.</param>
    /// <returns>This client.</returns>
    public TestClient AddSecret(string secret)
    {
        lock (_gate)
        {
            _secrets = [.. _secrets, secret];
        }

        return this;
    }

    /// <summary>Accepts a secret no longer: the end of a rotation, or of a leak.</summary>
    /// <param name="secret">The old secret.</param>
    /// <returns>This client.</returns>
    public TestClient RemoveSecret(string secret)
    {
        lock (_gate)
        {
            _secrets = [.. _secrets.Where(known => known != secret)];
        }

        return this;
    }

    /// <summary>Names the client, never a secret.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() => $"{nameof(TestClient)} {{ ClientId = {ClientId} }}";

    internal bool Accepts(string? secret) => Array.Exists(_secrets, known => known == secret);

    internal bool MayAskFor(IEnumerable<string> scopes) => _scopes is null || scopes.All(scope => Array.Exists(_scopes, known => known == scope));
}
