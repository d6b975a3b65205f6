using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Api;

/// <summary>
/// Decides where the tokens of one HttpClient may be sent: to AllowedOrigins, or if it is empty to the origins of its base addresses
/// . A handler without dependency injection knows no base addresses.
/// </summary>
internal sealed class OriginPolicy(
    string clientName,
    IEnumerable<Origin> allowed,
    BaseAddresses? baseAddresses,
    Func<string, PlainHttp> plainHttpOf)
{
    private readonly Origin[] _allowed = [.. allowed];
    private Origin? _lastAllowed;

    /// <summary>A policy for a handler that does not know its HttpClient.</summary>
    /// <exception cref="ArgumentException">There are no allowed origins, or one is not valid.</exception>
    public static OriginPolicy WithoutHttpClient(
        string clientName,
        AccessTokenHandlerOptions options,
        Func<string, PlainHttp> plainHttpOf)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ArgumentNullException.ThrowIfNull(options);
        Origin?[] allowed = [.. options.AllowedOrigins.Select(Origin.TryParse)];
        if (allowed.Length == 0 || allowed.Contains(null))
        {
            const string Problem = "AllowedOrigins must contain the origins that tokens may be sent to, such as https://api.example.com or "
                + "https://*.example.com, without a path.";
            throw new ArgumentException(Problem, nameof(options));
        }

        return new(clientName, allowed.OfType<Origin>(), null, plainHttpOf);
    }

    /// <summary>Returns why a token of <paramref name="tokenClient"/> may not be sent to the request's address, or null.</summary>
    public string? Check(HttpRequestMessage request, string tokenClient)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            return $"A request with a token of client '{tokenClient}' was not sent, because its address is not absolute. "
                + "Set BaseAddress of the HttpClient, or use an absolute address.";
        }

        // The last allowed origin costs one comparison.
        if (Volatile.Read(ref _lastAllowed)?.Matches(uri) == true)
        {
            return null;
        }

        if (uri.Scheme is "https+http" or "http+https")
        {
            return $"The request to {new Origin(uri)} with a token of client '{tokenClient}' was not sent, because no handler resolved its "
                + "logical address. Call AddServiceDiscovery() for this HttpClient, or use the address itself.";
        }

        bool isSecure = uri.Scheme is "https" or "wss";
        if (!isSecure && CheckPlainHttp(uri, tokenClient) is { } problem)
        {
            return problem;
        }

        return CheckOrigin(request, uri, isSecure);
    }

    private string? CheckPlainHttp(Uri uri, string tokenClient)
    {
        PlainHttp plainHttp = plainHttpOf(tokenClient);
        if (plainHttp == PlainHttp.Nowhere)
        {
            return $"The request to {new Origin(uri)} with a token of client '{tokenClient}' was not sent, because its address is not "
                + "https. Use https, also for loopback (RequireFapi2: FAPI 2.0 section 5.2.1).";
        }

        if (!uri.IsLoopback && !(uri.Scheme is "http" or "ws" && plainHttp == PlainHttp.Everywhere))
        {
            return $"The request to {new Origin(uri)} with a token of client '{tokenClient}' was not sent, because its address is neither "
                + "https nor loopback. Use https, for instance in the HttpClient's BaseAddress. If the network itself encrypts all "
                + "traffic, set the client's option AllowInsecureHttp.";
        }

        return null;
    }

    private string? CheckOrigin(HttpRequestMessage request, Uri uri, bool isSecure)
    {
        if (IsAllowed(uri))
        {
            // Plain http is checked each time, because it is allowed only while the options allow it.
            Volatile.Write(ref _lastAllowed, isSecure ? new Origin(uri) : null);
            return null;
        }

        Uri? requested = ServiceDiscoveryResolution.RequestedAddressOf(request);
        if (requested is not null && IsAllowed(requested))
        {
            return null;
        }

        return Explain(requested ?? uri);
    }

    private bool IsAllowed(Uri uri)
    {
        if (_allowed.Length > 0)
        {
            return Array.Exists(_allowed, origin => origin.Matches(uri));
        }

        return baseAddresses?.Contains(uri) == true;
    }

    // AllowedOrigins replaces the base addresses, so the line to add contains them too.
    private string Explain(Uri uri)
    {
        IReadOnlyList<Origin> known = baseAddresses?.Origins ?? [];
        string cause = "it is not the origin of the HttpClient's BaseAddress";
        if (_allowed.Length > 0)
        {
            known = _allowed;
            cause = "it is not one of AllowedOrigins";
        }
        else if (known.Count == 0)
        {
            cause = "AllowedOrigins is empty, and no HttpClient with a BaseAddress was created under this name";
        }

        Origin origin = new(uri);
        string list = string.Join(", ", known.Append(origin).Select(each => $"\"{each}\""));
        string line = $"AddClientCredentialsHandler(\"{clientName}\", o => o.AllowedOrigins = [{list}])";
        if (baseAddresses is null)
        {
            line = $"new AccessTokenHandlerOptions {{ AllowedOrigins = [{list}] }}";
        }

        return $"The request to {origin} was not sent, because {cause}. "
            + $"If the tokens of client '{clientName}' may be sent to this origin, allow it: {line}";
    }
}
