namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata of an authorization server that a client uses (RFC 8414 section 2). It has passed all checks.</summary>
internal sealed class ServerMetadata
{
    public required Uri TokenEndpoint { get; init; }

    /// <summary>The token endpoint for clients with a certificate (RFC 8705 section 5), if it is another one.</summary>
    public required Uri? MtlsTokenEndpoint { get; init; }

    /// <summary>Why that endpoint cannot be used. It is an error only for clients with a certificate .</summary>
    public required string? MtlsProblem { get; init; }

    public required IReadOnlyList<string>? AuthenticationMethods { get; init; }

    public required IReadOnlyList<string>? SigningAlgorithms { get; init; }
}
