using System.Net.Http.Headers;

namespace OAuthClientCredentials.Api;

/// <summary>
/// The copy of an API request that carries the token. It is sent in place of the caller's request, which is never changed. It is
/// never disposed, because the content belongs to the caller.
/// </summary>
internal sealed class RequestCopy : HttpRequestMessage
{
    private readonly Uri _address;
    private string[] _proofHeaders = [];

    public RequestCopy(HttpRequestMessage request, RequestTokenOptions? choice)
        : base(request.Method, request.RequestUri)
    {
        _address = RequestUri!;
        Choice = choice;
        Content = request.Content;
        Version = request.Version;
        VersionPolicy = request.VersionPolicy;
        CopyHeaders(request.Headers);
        CopyOptions(request.Options);
    }

    public RequestTokenOptions? Choice { get; }

    /// <summary>The token that the copy carries now, or carried last.</summary>
    public AccessToken? Token { get; private set; }

    /// <summary>Whether the request was sent once more with a new proof already.</summary>
    public bool HadSecondProof { get; set; }

    /// <summary>
    /// Whether the copy is still what was sent with the token. A redirect that the primary handler followed changes its address or drops
    /// the header.
    /// </summary>
    public bool IsAsSent => ReferenceEquals(RequestUri, _address) && ReferenceEquals(Headers.Authorization, Token?.AuthorizationHeader);

    public void Attach(AccessToken token)
    {
        Token = token;
        Headers.Authorization = token.AuthorizationHeader;
    }

    /// <summary>Takes token and proof off, so that they do not show in <see cref="HttpResponseMessage.RequestMessage"/>.</summary>
    public void Detach()
    {
        Headers.Authorization = null;
        RemoveProof();
    }

    /// <summary>Writes a proof of the token's binding, in place of the one that was written before.</summary>
    public async ValueTask WriteProofAsync(TokenBinding binding, CancellationToken cancellationToken)
    {
        RemoveProof();
        HashSet<string> before = [.. Headers.NonValidated.Select(Line)];
        await binding.WriteApiRequestAsync(this, Token!.Value, cancellationToken).ConfigureAwait(false);
        _proofHeaders = [.. Headers.NonValidated.Where(header => !before.Contains(Line(header))).Select(header => header.Key)];

        static string Line(KeyValuePair<string, HeaderStringValues> header) => $"{header.Key}: {header.Value}";
    }

    private void RemoveProof()
    {
        foreach (string header in _proofHeaders)
        {
            Headers.Remove(header);
        }

        _proofHeaders = [];
    }

    private void CopyHeaders(HttpRequestHeaders headers)
    {
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
#pragma warning disable RS0030 // The values come from the caller's own request, which holds them already.
            _ = values.Count == 1
                ? Headers.TryAddWithoutValidation(name, values.ToString())
                : Headers.TryAddWithoutValidation(name, values);
#pragma warning restore RS0030
        }

        if (headers.Protocol is { } protocol)
        {
            Headers.Protocol = protocol;
        }
    }

    private void CopyOptions(IDictionary<string, object?> options)
    {
        // Enumerating them allocates, even if there are none.
        if (options.Count == 0)
        {
            return;
        }

        IDictionary<string, object?> mine = Options;
        foreach ((string key, object? value) in options)
        {
            mine[key] = value;
        }
    }
}
