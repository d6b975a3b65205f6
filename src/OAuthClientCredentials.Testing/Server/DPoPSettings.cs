using System.Collections.Concurrent;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>What the server and its APIs share: whether they require DPoP, and the used proofs. Thread-safe.</summary>
internal sealed class DPoPSettings(TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<string, bool> _usedIds = new(StringComparer.Ordinal);
    private volatile bool _isRequired;
    private volatile TestNonceMode _nonces;

    public TimeProvider TimeProvider => timeProvider;

    public bool IsRequired => _isRequired;

    public TestNonceMode Nonces => _nonces;

    public void Require(TestNonceMode nonces)
    {
        _nonces = nonces;
        _isRequired = true;
    }

    /// <summary>Returns false if the <c>jti</c> was used before, at the server or at one of its APIs.</summary>
    public bool TryUse(string id) => _usedIds.TryAdd(id, true);
}
