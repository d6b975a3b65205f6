using System.Net.Http.Headers;

namespace OAuthClientCredentials.Api;

/// <summary>The copy of an API request that carries the token. It is sent instead of the caller's request .</summary>
/// <remarks>It is never disposed, because the content belongs to the caller.</remarks>
internal sealed class RequestCopy : HttpRequestMessage
{
    private readonly Uri _address;

    public RequestCopy(HttpRequestMessage request, RequestTokenOptions? tokenOptions)
        : base(request.Method, request.RequestUri)
    {
        _address = RequestUri!;
        TokenOptions = tokenOptions;
        Content = request.Content;
        Version = request.Version;
        VersionPolicy = request.VersionPolicy;
        CopyHeaders(request.Headers);
        CopyOptions(request.Options);
    }

    public RequestTokenOptions? TokenOptions { get; }

    /// <summary>The last token that was attached.</summary>
    public AccessToken? Token { get; private set; }

    /// <summary>Whether the request was already sent a second time because the API demanded another proof.</summary>
    public bool HadSecondProof { get; set; }

    /// <summary>
    /// Whether the copy is unchanged since it was sent. If the primary handler follows a redirect, it changes the address or removes the
    /// <c>Authorization</c> header.
    /// </summary>
    public bool IsAsSent => ReferenceEquals(RequestUri, _address) && ReferenceEquals(Headers.Authorization, Token?.AuthorizationHeader);

    /// <summary>
    /// Returns null if the request is sent as it is, without a token. The copy is made before anything is awaited.
    /// </summary>
    /// <exception cref="OriginNotAllowedException">The token may not be sent to the request's origin.</exception>
    public static RequestCopy? Create(
        HttpRequestMessage request,
        AccessTokenHandlerOptions options,
        OriginPolicy origins,
        string clientName)
    {
        RequestTokenOptions? tokenOptions = RequestTokenOptions.Of(request);
        bool keepsHeader = !options.OverwriteAuthorization && CallerAuthorization.IsKept(request);
        if (keepsHeader || tokenOptions?.SkipsToken == true)
        {
            return null;
        }

        // Check the copy and not the request, whose address another thread may change at any time.
        RequestCopy copy = new(request, tokenOptions);
        if (origins.Check(copy, copy.ClientNameOr(clientName)) is not { } problem)
        {
            return copy;
        }

        if (options.SendWithoutTokenToOtherOrigins)
        {
            return null;
        }

        throw new OriginNotAllowedException(problem);
    }

    public string ClientNameOr(string defaultName) => TokenOptions?.ClientName ?? defaultName;

    public void Attach(AccessToken token)
    {
        RemoveProof(); // that of the former token
        Token = token;
        Headers.Authorization = token.AuthorizationHeader;
    }

    /// <summary>Removes the token and the proof, so that <see cref="HttpResponseMessage.RequestMessage"/> does not contain them.</summary>
    public void Detach()
    {
        Headers.Authorization = null;
        RemoveProof();
    }

    /// <summary>Writes the proof of the token's binding and replaces an earlier proof. Certificate-bound tokens need none.</summary>
    public ValueTask WriteProofAsync(CancellationToken cancellationToken)
    {
        if (Token!.Binding is not { Certificate: null } binding)
        {
            return ValueTask.CompletedTask;
        }

        RemoveProof();
        return binding.WriteApiRequestAsync(this, Token.Value, cancellationToken);
    }

    /// <summary>Passes the response to the token's binding. Returns whether the API demands another proof.</summary>
    public bool ReadProofResponse(HttpResponseMessage response) =>
        IsAsSent
        && Token!.Binding is { } binding
        && binding.ReadApiResponse(this, response, Challenges.ErrorOf(response, binding.TokenType));

    private void RemoveProof()
    {
        if (Token?.Binding?.ProofHeader is { } header)
        {
            Headers.Remove(header);
        }
    }

    private void CopyHeaders(HttpRequestHeaders headers)
    {
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
#pragma warning disable RS0030 // The caller's request already contains these values.
            if (values.Count == 1)
            {
                Headers.TryAddWithoutValidation(name, values.ToString());
            }
            else
            {
                Headers.TryAddWithoutValidation(name, values);
            }
#pragma warning restore RS0030
        }

        if (headers.Protocol is { } protocol)
        {
            Headers.Protocol = protocol;
        }
    }

    private void CopyOptions(IDictionary<string, object?> options)
    {
        // Enumerating allocates memory, even if there are no options.
        if (options.Count == 0)
        {
            return;
        }

        IDictionary<string, object?> copies = Options;
        foreach ((string key, object? value) in options)
        {
            copies[key] = value;
        }
    }
}
