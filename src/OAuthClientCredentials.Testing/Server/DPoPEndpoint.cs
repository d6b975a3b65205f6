namespace OAuthClientCredentials.Testing.Server;

/// <summary>The token endpoint or an API, which checks DPoP proofs and has its own nonces. Thread-safe.</summary>
internal sealed class DPoPEndpoint(DPoPSettings settings)
{
    public const string Scheme = "DPoP";
    private const string NonceHeader = "DPoP-Nonce";

    private readonly NonceStore _nonces = new(settings);

    public bool IsRequired => settings.IsRequired;

    /// <summary>Checks the proof of a token request. A request without a proof is valid unless DPoP is required.</summary>
    public ProofResult CheckTokenRequest(HttpRequestMessage request)
    {
        if (!settings.IsRequired && !request.Headers.Contains(Scheme))
        {
            return new(null, null);
        }

        return Check(request, null);
    }

    /// <summary>Checks the proof of an API request. Returns why the request is rejected, or null if it is valid.</summary>
    public Rejection? CheckApiRequest(HttpRequestMessage request, IssuedToken token)
    {
        ProofResult result = Check(request, token.Value);
        if (result.Rejection is null && result.Thumbprint != token.Thumbprint)
        {
            return new(Rejection.InvalidToken, "The token is not bound to the key of the proof.");
        }

        return result.Rejection;
    }

    /// <summary>Adds a nonce to a rejection: the one that a test chose, or a new one. It is required from now on.</summary>
    public HttpResponseMessage Challenge(HttpResponseMessage response, string? nonce)
    {
        response.Headers.Add(NonceHeader, _nonces.Require(nonce));
        return response;
    }

    /// <summary>Adds the nonce for the next request, if the response has to contain it.</summary>
    public HttpResponseMessage AddNonce(HttpResponseMessage response, Rejection? rejection)
    {
        bool isInEachResponse = settings.Nonces is TestNonceMode.Rotating or TestNonceMode.SingleUse;
        if ((isInEachResponse || rejection?.Error == Rejection.NonceRequired) && !response.Headers.Contains(NonceHeader))
        {
            response.Headers.Add(NonceHeader, _nonces.Get());
        }

        return response;
    }

    private ProofResult Check(HttpRequestMessage request, string? accessToken)
    {
        if (!request.Headers.TryGetValues(Scheme, out IEnumerable<string>? proofs))
        {
            return Invalid("The request has no DPoP header.");
        }

        if (proofs.Count() != 1)
        {
            return Invalid("The request has more than one DPoP header.");
        }

        if (DPoPProof.Parse(proofs.Single()) is not { } proof)
        {
            return Invalid("The proof is not a signed JWT.");
        }

        return proof.FindProblem(request.Method, request.RequestUri!, settings.TimeProvider.GetUtcNow()) is { } problem
            ? Invalid(problem)
            : CheckUse(proof, accessToken);
    }

    // A proof that is rejected for its nonce counts as used, so that the next request needs a new one.
    private ProofResult CheckUse(DPoPProof proof, string? accessToken)
    {
        if (!settings.TryUse(proof.Id!))
        {
            return Invalid("jti was used before.");
        }

        if (accessToken is not null && !proof.HasHashOf(accessToken))
        {
            return Invalid("ath is not the hash of the access token.");
        }

        if (_nonces.Use(proof.Nonce) is { } problem)
        {
            return new(null, new(Rejection.NonceRequired, problem));
        }

        return new(proof.Thumbprint, null);
    }

    private static ProofResult Invalid(string reason) => new(null, Rejection.InvalidProof(reason));
}

/// <summary>The thumbprint of the key of a valid proof, or why the request is rejected. A request without DPoP has neither.</summary>
internal sealed record ProofResult(string? Thumbprint, Rejection? Rejection);
