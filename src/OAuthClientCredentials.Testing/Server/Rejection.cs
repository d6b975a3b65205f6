namespace OAuthClientCredentials.Testing.Server;

/// <summary>Why a request is rejected: an error code, and a reason that contains no value of the request.</summary>
internal sealed record Rejection(string Error, string? Reason = null)
{
    public const string InvalidToken = "invalid_token";
    public const string NonceRequired = "use_dpop_nonce";

    public static Rejection InvalidProof(string reason) => new("invalid_dpop_proof", reason);

    public override string ToString() => $"{Error}: {Reason}";
}
