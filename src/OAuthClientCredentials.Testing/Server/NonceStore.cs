namespace OAuthClientCredentials.Testing.Server;

/// <summary>The nonces of the token endpoint or of one API. Thread-safe.</summary>
internal sealed class NonceStore(DPoPSettings settings)
{
    private static readonly TimeSpan RotationPeriod = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _issued = new(StringComparer.Ordinal);
    private string? _newest;
    private bool _wasScripted;

    /// <summary>Returns the nonce for the next proof.</summary>
    public string Get()
    {
        lock (_gate)
        {
            return _newest is null || NeedsNew_NeedsLock(_newest) ? Add_NeedsLock(NewValue()) : _newest;
        }
    }

    /// <summary>Requires a nonce that a test chose, or a new one, from now on.</summary>
    public string Require(string? value)
    {
        lock (_gate)
        {
            _wasScripted = true;
            return Add_NeedsLock(value ?? NewValue());
        }
    }

    /// <summary>Returns why a nonce is not valid, or null if it is valid. A nonce for single use is not valid again.</summary>
    public string? Use(string? nonce)
    {
        lock (_gate)
        {
            if (settings.Nonces == TestNonceMode.None && !_wasScripted)
            {
                return null;
            }

            if (nonce is null)
            {
                return "The proof has no nonce.";
            }

            return TryUse_NeedsLock(nonce) ? null : "The nonce is unknown, expired or already used.";
        }
    }

    private bool TryUse_NeedsLock(string nonce) => settings.Nonces switch
    {
        TestNonceMode.SingleUse => _issued.Remove(nonce),
        TestNonceMode.Rotating => _issued.TryGetValue(nonce, out DateTimeOffset at) && Age(at) < 2 * RotationPeriod,
        _ => nonce == _newest,
    };

    private bool NeedsNew_NeedsLock(string newest) => settings.Nonces switch
    {
        TestNonceMode.SingleUse => true,
        TestNonceMode.Rotating => !_issued.TryGetValue(newest, out DateTimeOffset at) || Age(at) >= RotationPeriod,
        _ => false,
    };

    private string Add_NeedsLock(string nonce)
    {
        _issued[nonce] = settings.TimeProvider.GetUtcNow();
        _newest = nonce;
        return nonce;
    }

    private TimeSpan Age(DateTimeOffset at) => settings.TimeProvider.GetUtcNow() - at;

    private static string NewValue() => $"nonce-{Guid.NewGuid():N}";
}
