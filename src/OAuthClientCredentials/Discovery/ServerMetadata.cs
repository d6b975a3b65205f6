namespace OAuthClientCredentials.Discovery;

/// <summary>What a client uses of an authorization server's metadata (RFC 8414 section 2), after every check.</summary>
internal sealed class ServerMetadata
{
    public required Uri TokenEndpoint { get; init; }

    /// <summary>Where clients with a certificate request tokens (RFC 8705 section 5), if that is another endpoint.</summary>
    public required Uri? MtlsTokenEndpoint { get; init; }

    /// <summary>Why that endpoint cannot be used. It concerns only clients with a certificate .</summary>
    public required string? MtlsProblem { get; init; }

    public required IReadOnlyList<string>? AuthenticationMethods { get; init; }

    public required IReadOnlyList<string>? SigningAlgorithms { get; init; }
}
