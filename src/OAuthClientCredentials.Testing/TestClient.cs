namespace OAuthClientCredentials.Testing;

/// <summary>A client that is registered at a <see cref="TestAuthorizationServer"/>. Thread-safe.</summary>
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

    /// <summary>Sets the lifetime of the client's tokens, instead of <see cref="TestAuthorizationServer.Lifetime"/>.</summary>
    /// <param name="lifetime">The lifetime. <c>expires_in</c> contains it in whole seconds.</param>
    /// <returns>This client.</returns>
    public TestClient WithLifetime(TimeSpan lifetime)
    {
        Lifetime = lifetime;
        return this;
    }

    /// <summary>Limits the scopes that the client may request. A request for another scope fails with <c>invalid_scope</c>.</summary>
    /// <param name="scopes">The allowed scopes.</param>
    /// <returns>This client.</returns>
    public TestClient WithScopes(params string[] scopes)
    {
        ArgumentNullException.ThrowIfNull(scopes);
        _scopes = [.. scopes];
        return this;
    }

    /// <summary>Accepts one more secret, as at the beginning of a rotation.</summary>
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

    /// <summary>Rejects a secret from now on, as at the end of a rotation or after a leak.</summary>
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

    /// <summary>Describes the client without its secrets.</summary>
    /// <returns>The type name and the client identifier.</returns>
    public override string ToString() => $"{nameof(TestClient)} {{ ClientId = {ClientId} }}";

    internal bool Accepts(string? secret) => Array.Exists(_secrets, known => known == secret);

    internal bool MayRequest(IEnumerable<string> scopes) =>
        _scopes is null || scopes.All(scope => Array.Exists(_scopes, known => known == scope));
}
