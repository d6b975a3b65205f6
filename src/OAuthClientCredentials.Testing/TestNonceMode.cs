namespace OAuthClientCredentials.Testing;

/// <summary>
/// Which nonces a <see cref="TestAuthorizationServer"/> and each <see cref="TestApi"/> require in DPoP proofs (RFC 9449 sections 8 and 9).
/// </summary>
/// <remarks>The server and each API have their own nonces. They reject a proof without a valid nonce with <c>use_dpop_nonce</c>.</remarks>
public enum TestNonceMode
{
    /// <summary>No nonce is required.</summary>
    None,

    /// <summary>One nonce, which stays valid. Only a rejection contains it.</summary>
    Fixed,

    /// <summary>
    /// A new nonce every minute, by the server's clock. Each response contains the current nonce. A nonce is valid for two minutes.
    /// </summary>
    Rotating,

    /// <summary>Each response contains a new nonce, which is valid for one request.</summary>
    SingleUse,
}
