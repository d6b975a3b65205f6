namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata of an authorization server that a client uses (RFC 8414 section 2). It has passed all checks.</summary>
internal sealed class ServerMetadata
{
    public required Uri TokenEndpoint { get; init; }

    /// <summary>The token endpoint for clients with a certificate (RFC 8705 section 5), if it is another one.</summary>
    public required Uri? MtlsTokenEndpoint { get; init; }

    /// <summary>Why that endpoint cannot be used. It is an error only for clients with a certificate .</summary>
    public required string? MtlsProblem { get; init; }

    /// <summary>The revocation endpoint (RFC 7009), if there is one.</summary>
    public required OptionalEndpoint Revocation { get; init; }

    /// <summary>The revocation endpoint for clients with a certificate, if it is another one.</summary>
    public required OptionalEndpoint MtlsRevocation { get; init; }

    public required IReadOnlyList<string>? AuthenticationMethods { get; init; }

    public required IReadOnlyList<string>? SigningAlgorithms { get; init; }
}

/// <summary>An endpoint that a server may have: its address, or why it cannot be used, or neither.</summary>
internal readonly record struct OptionalEndpoint(Uri? Address, string? Problem);
