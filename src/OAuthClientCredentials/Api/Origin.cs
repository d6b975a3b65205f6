namespace OAuthClientCredentials.Api;

/// <summary>The scheme, host and port of an API .</summary>
/// <remarks>
/// The host <c>*.example.com</c> matches every subdomain, and <c>https://*</c> matches every https origin. <c>ws</c> and <c>wss</c> count
/// as <c>http</c> and <c>https</c>.
/// </remarks>
internal sealed class Origin
{
    private const string AnyHttps = "https://*";
    private const string Wildcard = "://*.";

    private readonly Uri _uri;
    private readonly string _scheme;
    private readonly Hosts _hosts;

    public Origin(Uri uri)
        : this(uri, Hosts.One)
    {
    }

    private Origin(Uri uri, Hosts hosts)
    {
        _uri = uri;
        _scheme = SchemeOf(uri);
        _hosts = hosts;
    }

    private enum Hosts
    {
        One,
        Subdomains,
        Any,
    }

    public static Origin? TryParse(string? text)
    {
        if (text is null)
        {
            return null;
        }

        if (text == AnyHttps)
        {
            return new(new("https://any"), Hosts.Any);
        }

        Hosts hosts = Hosts.One;
        string address = text;
        if (text.Contains(Wildcard, StringComparison.Ordinal))
        {
            hosts = Hosts.Subdomains;
            address = text.Replace(Wildcard, "://", StringComparison.Ordinal);
        }

        bool isOrigin = Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)
            && uri is { UserInfo: "", PathAndQuery: "/", Fragment: "", Host.Length: > 0 }
            && uri.Scheme is "https" or "http" or "wss" or "ws" or "https+http" or "http+https"
            && (hosts == Hosts.One || uri.HostNameType == UriHostNameType.Dns)
            && !uri.Host.Contains('*', StringComparison.Ordinal);
        if (!isOrigin)
        {
            return null;
        }

        return new(uri!, hosts);
    }

    public bool Matches(Uri uri)
    {
        if (_hosts == Hosts.Any)
        {
            return SchemeOf(uri) == _scheme;
        }

        // If the caller keeps one Uri object, one comparison is enough.
        return (ReferenceEquals(uri, _uri) && _hosts == Hosts.One)
            || (uri.Port == _uri.Port && SchemeOf(uri) == _scheme && MatchesHost(uri.IdnHost));
    }

    /// <summary>The origin in the form of <c>AllowedOrigins</c>.</summary>
    public override string ToString()
    {
        if (_hosts == Hosts.Any)
        {
            return AnyHttps;
        }

        string host = _uri.IdnHost;
        if (_uri.HostNameType == UriHostNameType.IPv6)
        {
            host = $"[{host}]";
        }

        if (_hosts == Hosts.Subdomains)
        {
            host = $"*.{host}";
        }

        if (!_uri.IsDefaultPort)
        {
            host = $"{host}:{_uri.Port}";
        }

        return $"{_scheme}://{host}";
    }

    private bool MatchesHost(string host)
    {
        if (_hosts == Hosts.One)
        {
            return host.Equals(_uri.IdnHost, StringComparison.OrdinalIgnoreCase);
        }

        return host.EndsWith("." + _uri.IdnHost, StringComparison.OrdinalIgnoreCase);
    }

    private static string SchemeOf(Uri uri) => uri.Scheme switch
    {
        "wss" => Uri.UriSchemeHttps,
        "ws" => Uri.UriSchemeHttp,
        _ => uri.Scheme,
    };
}
