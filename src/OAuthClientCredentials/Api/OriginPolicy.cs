namespace OAuthClientCredentials.Api;

/// <summary>
/// Where the tokens of one HttpClient may go: to AllowedOrigins, else to the origins of its base addresses, nowhere else.
/// </summary>
internal sealed class OriginPolicy(
    string clientName,
    IEnumerable<Origin> allowed,
    BaseAddresses baseAddresses,
    Func<string, bool> allowsInsecureHttp)
{
    private readonly Origin[] _allowed = [.. allowed];
    private Origin? _lastAllowed;

    /// <summary>Says why a token of <paramref name="tokenClient"/> may not go where the request points, or returns null.</summary>
    public string? Refuse(HttpRequestMessage request, string tokenClient)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            return $"A request without an absolute address was not sent: no token of client '{clientName}' can be attached.";
        }

        // The origin that was allowed last costs one comparison.
        return Volatile.Read(ref _lastAllowed)?.Matches(uri) == true ? null : Examine(request, uri, tokenClient);
    }

    private string? Examine(HttpRequestMessage request, Uri uri, string tokenClient)
    {
        bool isSecure = uri.Scheme is "https" or "wss" || uri.IsLoopback;
        if (!isSecure && !(uri.Scheme is "http" or "ws" && allowsInsecureHttp(tokenClient)))
        {
            return $"The request to {new Origin(uri)} was not sent with a token of client '{tokenClient}', because its address is neither "
                + "https nor loopback. Use https. If the network is encrypted beneath, set AllowInsecureHttp.";
        }

        if (IsAllowed(uri))
        {
            // Plain http is allowed only as long as the options say so.
            Volatile.Write(ref _lastAllowed, isSecure ? new Origin(uri) : null);
            return null;
        }

        Uri? askedFor = Resolution.AskedForBy(request);
        return askedFor is not null && IsAllowed(askedFor) ? null : Explain(askedFor ?? uri);
    }

    private bool IsAllowed(Uri uri) =>
        _allowed.Length > 0 ? Array.Exists(_allowed, origin => origin.Matches(uri)) : baseAddresses.Contains(uri);

    // A list replaces the base addresses, so the line to add names them too.
    private string Explain(Uri uri)
    {
        Origin origin = new(uri);
        IEnumerable<Origin> known = _allowed.Length > 0 ? _allowed : baseAddresses.Origins;
        string list = string.Join(", ", known.Append(origin).Select(each => $"\"{each}\""));
        string cause = "the HttpClient has neither AllowedOrigins nor a BaseAddress";
        if (known.Any())
        {
            cause = _allowed.Length > 0 ? "it is not one of AllowedOrigins" : "it is not the origin of the HttpClient's BaseAddress";
        }

        return $"The request to {origin} was not sent, because {cause}. "
            + $"If this origin may see the tokens of client '{clientName}', allow it: "
            + $"AddClientCredentialsHandler(\"{clientName}\", o => o.AllowedOrigins = [{list}])";
    }
}
