namespace Observability.Demo;

/// <summary>What a person can break in the demo. Thread-safe: each value is read and written as a whole.</summary>
internal sealed class Switches
{
    private volatile bool _outage;
    private volatile bool _wrongSecret;
    private volatile bool _rejectTokens;

    /// <summary>The token endpoint responds with 503.</summary>
    public bool Outage { get => _outage; set => _outage = value; }

    /// <summary>The authorization server has another secret for the client <c>orders</c>.</summary>
    public bool WrongSecret { get => _wrongSecret; set => _wrongSecret = value; }

    /// <summary>The API responds with 401 to every token.</summary>
    public bool RejectTokens { get => _rejectTokens; set => _rejectTokens = value; }
}
