namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>What must come of a fault: a token, or a typed error with these properties, after so many tries and no longer than the limits say.</summary>
internal sealed record Outcome
{
    public bool IsToken { get; private init; }

    public bool IsTransient { get; private init; }

    public int? Status { get; private init; }

    public string? Error { get; private init; }

    /// <summary>How often the client tries; with a transient error, one retry more.</summary>
    public int Tries { get; init; } = 1;

    /// <summary>How often the server sees it try, where that differs.</summary>
    public int? Seen { get; init; }

    /// <summary>Whether only the time limit of an attempt ends it: the cell runs with a short one.</summary>
    public bool TimesOut { get; private init; }

    /// <summary>A part of the message.</summary>
    public string Says { get; init; } = "";

    public static Outcome Works => new() { IsToken = true };

    /// <summary>One retry is allowed, and made.</summary>
    public static Outcome Passes(int? status = null, string? error = null) => new() { IsTransient = true, Status = status, Error = error, Tries = 2 };

    public static Outcome Lasts(int? status = null, string? error = null) => new() { Status = status, Error = error };

    public static Outcome TakesTooLong => Passes() with { TimesOut = true };
}

internal sealed record Row(string Name, Fault Fault, Outcome? AtToken, Outcome? AtDiscovery)
{
    public static Row Both(string name, Fault fault, Outcome outcome) => new(name, fault, outcome, outcome);

    public static Row OfToken(string name, Fault fault, Outcome outcome) => new(name, fault, outcome, null);

    public static Row OfMetadata(string name, Fault fault, Outcome outcome) => new(name, fault, null, outcome);

    public Outcome? At(Endpoint endpoint) => endpoint == Endpoint.Token ? AtToken : AtDiscovery;
}
