namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>The expected result of a fault: a token, or an error with these properties after this number of attempts.</summary>
internal sealed record ExpectedResult
{
    public static ExpectedResult Succeeds => new() { IsToken = true };

    public static ExpectedResult TimesOut => FailsTransiently() with { IsTimeout = true };

    public bool IsToken { get; private init; }

    public bool IsTransient { get; private init; }

    public int? Status { get; private init; }

    public string? Error { get; private init; }

    public int Attempts { get; init; } = 1;

    /// <summary>How many attempts reach the server, if that differs from <see cref="Attempts"/>.</summary>
    public int? Seen { get; init; }

    /// <summary>Only the attempt timeout ends the attempt: the test runs with a short one.</summary>
    public bool IsTimeout { get; private init; }

    /// <summary>A part of the message.</summary>
    public string Message { get; init; } = "";

    /// <summary>A transient error: the one retry that is configured is made.</summary>
    public static ExpectedResult FailsTransiently(int? status = null, string? error = null) =>
        new() { IsTransient = true, Status = status, Error = error, Attempts = 2 };

    public static ExpectedResult Fails(int? status = null, string? error = null) => new() { Status = status, Error = error };
}

/// <summary>One row of the matrix: a fault and its expected result at each endpoint, or null where the fault does not apply.</summary>
internal sealed record FaultCase(string Name, Fault Fault, ExpectedResult? AtToken, ExpectedResult? AtDiscovery)
{
    public static FaultCase Both(string name, Fault fault, ExpectedResult expected) => new(name, fault, expected, expected);

    public static FaultCase Token(string name, Fault fault, ExpectedResult expected) => new(name, fault, expected, null);

    public static FaultCase Metadata(string name, Fault fault, ExpectedResult expected) => new(name, fault, null, expected);

    public ExpectedResult? At(Endpoint endpoint) => endpoint == Endpoint.Token ? AtToken : AtDiscovery;
}
