using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt.DPoP;

/// <summary>
/// Binds tokens to a key by proofs in all requests (RFC 9449). The key is that of a signer, of a file, or a new one in memory. It is read
/// or created when it is first needed. Thread-safe.
/// </summary>
internal sealed class DPoPBinding : TokenBinding
{
    public const string HeaderName = "DPoP";

    private readonly ClientCredentialsOptions _options;
    private readonly bool _hasSigner;
    private readonly Lazy<DPoPKey> _key;
    private readonly NonceStore _serverNonces = new();
    private readonly NonceStore _apiNonces = new();

    /// <summary>Uses the key file of the options, or a new key.</summary>
    public DPoPBinding(ClientCredentialsOptions options)
    {
        _options = options;
        _key = new(() => IsInMemory ? DPoPKey.Create() : DPoPKey.FromFile(options.DPoPKeyFile!));
    }

    /// <summary>Uses a signer of the application.</summary>
    public DPoPBinding(ClientCredentialsOptions options, DPoPKey key)
    {
        _options = options;
        _hasSigner = true;
        _key = new(key);
    }

    public override string TokenType => "DPoP";

    public override string Thumbprint => _key.Value.Thumbprint;

    public override string ProofHeader => HeaderName;

    private bool HasFile => !string.IsNullOrEmpty(_options.DPoPKeyFile);

    private bool IsInMemory => !_hasSigner && !HasFile;

    public override IEnumerable<KeyValuePair<string, string>> Validate(ClientContext client)
    {
        if (!HasFile)
        {
            return _hasSigner ? CheckAlgorithm(nameof(_options.DPoPBoundAccessTokens)) : [];
        }

        if (_hasSigner)
        {
            return [new(nameof(_options.DPoPKeyFile), "cannot be combined with a signer (UseDPoP). Remove one of the two")];
        }

        try
        {
            return CheckAlgorithm(nameof(_options.DPoPKeyFile));
        }
        catch (FormatException exception)
        {
            return [new(nameof(_options.DPoPKeyFile), exception.Message)];
        }
    }

    private KeyValuePair<string, string>[] CheckAlgorithm(string option)
    {
        if (Algorithms.FindFapi2Problem(_options, _key.Value.Signer.Algorithm) is { } problem)
        {
            return [new(option, problem)];
        }

        return [];
    }

    public override async ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        string proof = await ProveAsync(HttpMethod.Post, request.Endpoint, _serverNonces, null, cancellationToken).ConfigureAwait(false);
        request.Headers[HeaderName] = proof;
    }

    // Some servers send the nonce with invalid_dpop_proof.
    public override bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode) =>
        _serverNonces.TryStore(request.Endpoint, response.Headers) && errorCode is "use_dpop_nonce" or "invalid_dpop_proof";

    public override async ValueTask WriteApiRequestAsync(
        HttpRequestMessage request,
        string accessToken,
        CancellationToken cancellationToken)
    {
        string proof = await ProveAsync(
                request.Method,
                request.RequestUri!,
                _apiNonces,
                accessToken,
                cancellationToken,
                request.Headers.Host)
            .ConfigureAwait(false);
        request.Headers.Add(HeaderName, proof);
    }

    public override bool ReadApiResponse(HttpRequestMessage request, HttpResponseMessage response, string? errorCode) =>
        _apiNonces.TryStore(request.RequestUri!, response.Headers) && errorCode == "use_dpop_nonce";

    /// <summary>Stores the nonce of an API.</summary>
    public bool TryStoreNonce(Uri uri, string nonce) => _apiNonces.TryStore(uri, nonce);

    /// <summary>
    /// Bindings of one client are equal if a configuration reload keeps the first of them. Two keys in memory are equal, so that a reload
    /// needs no new token.
    /// </summary>
    public override bool Equals(object? obj) =>
        obj is DPoPBinding other && IsInMemory == other.IsInMemory && (IsInMemory || Thumbprint == other.Thumbprint);

    public override int GetHashCode() => IsInMemory.GetHashCode();

    private async ValueTask<string> ProveAsync(
        HttpMethod method,
        Uri uri,
        NonceStore nonces,
        string? accessToken,
        CancellationToken cancellationToken,
        string? hostHeader = null)
    {
        if (TargetUri.Of(uri, hostHeader) is not { } target)
        {
            throw CannotProve(uri, "its address is neither https nor loopback. Use https", isTransient: false);
        }

        // HttpClient sends the names of known methods in upper case.
        string sentMethod = HttpMethod.Parse(method.Method).Method;
        Proof proof = new(sentMethod, target, Client.TimeProvider.GetUtcNow(), nonces.Find(uri), accessToken);
        try
        {
            if (await proof.SignAsync(_key.Value, cancellationToken).ConfigureAwait(false) is { } signed)
            {
                return signed;
            }
        }
        catch (Exception exception) when (exception is not TokenRequestException && !cancellationToken.IsCancellationRequested)
        {
            // The message is not repeated, because it may contain key material.
            throw CannotProve(uri, $"the signer threw {exception.GetType().Name}. Check the signer", isTransient: true);
        }

        // It is DER, for instance, instead of r and s.
        throw CannotProve(uri, "the signature does not have the length of its algorithm. Fix the signer", isTransient: false);
    }

    private TokenRequestException CannotProve(Uri uri, string problem, bool isTransient)
    {
        string client = Client.ClientName.Length == 0 ? "The default client" : $"Client '{Client.ClientName}'";
        string origin = uri.GetLeftPart(UriPartial.Authority);
        return new($"{client} did not send its request to {origin}, because it could not make a DPoP proof: {problem}.")
        {
            ClientName = Client.ClientName,
            IsTransient = isTransient,
        };
    }
}
