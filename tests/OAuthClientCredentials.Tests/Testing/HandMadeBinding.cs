namespace OAuthClientCredentials.Tests.Testing;

/// <summary>The least that an application needs for DPoP: a proof in each request, and the newest nonce of each end.</summary>
internal sealed class HandMadeBinding(TimeProvider timeProvider) : TokenBinding
{
    private readonly TestProof _key = new();
    private string? _tokenNonce;
    private string? _apiNonce;

    public override string TokenType => "DPoP";

    public override string Thumbprint => "hand-made";

    public override string ProofHeader => "DPoP";

    public override ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.Headers["DPoP"] = CreateProof(HttpMethod.Post, request.Endpoint, null, _tokenNonce);
        return ValueTask.CompletedTask;
    }

    public override bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode)
    {
        _tokenNonce = NonceOf(response) ?? _tokenNonce;
        return errorCode == "use_dpop_nonce";
    }

    public override ValueTask WriteApiRequestAsync(HttpRequestMessage request, string accessToken, CancellationToken cancellationToken)
    {
        request.Headers.Add("DPoP", CreateProof(request.Method, request.RequestUri!, accessToken, _apiNonce));
        return ValueTask.CompletedTask;
    }

    public override bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response, string? errorCode)
    {
        _apiNonce = NonceOf(response) ?? _apiNonce;
        return errorCode == "use_dpop_nonce";
    }

    private static string? NonceOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("DPoP-Nonce", out IEnumerable<string>? values) ? Assert.Single(values) : null;

    private string CreateProof(HttpMethod method, Uri address, string? token, string? nonce) =>
        _key.Create(_key.CreateParts(method, address.GetLeftPart(UriPartial.Path), timeProvider.GetUtcNow(), token, nonce));
}
