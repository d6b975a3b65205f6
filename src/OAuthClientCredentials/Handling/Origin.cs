namespace OAuthClientCredentials.Handling;

/// <summary>Scheme, host and port: who may see a token. A host of the form <c>*.example.com</c> stands for every subdomain (R-111).</summary>
internal sealed class Origin
{
    private readonly Uri _uri;
    private readonly string _scheme;
    private readonly string _host;
    private readonly int _port;
    private readonly bool _isWildcard;

    public Origin(Uri uri, bool isWildcard = false)
    {
        _uri = uri;
        _scheme = uri.Scheme;
        _host = isWildcard ? "." + uri.IdnHost : uri.IdnHost;
        _port = uri.Port;
        _isWildcard = isWildcard;
    }

    public static Origin? TryParse(string? text)
    {
        const string Wildcard = "://*.";
        bool isWildcard = text?.Contains(Wildcard, StringComparison.Ordinal) == true;
        string? concrete = isWildcard ? text!.Replace(Wildcard, "://", StringComparison.Ordinal) : text;
        bool isOrigin = Uri.TryCreate(concrete, UriKind.Absolute, out Uri? uri)
            && uri is { Scheme: "https" or "http", UserInfo: "", PathAndQuery: "/", Fragment: "" }
            && (!isWildcard || uri.HostNameType == UriHostNameType.Dns)
            && !uri.Host.Contains('*', StringComparison.Ordinal);
        return isOrigin ? new Origin(uri!, isWildcard) : null;
    }

    // Callers that keep one Uri are answered by one comparison (R-301); a wildcard stands for no Uri that is called.
    public bool Matches(Uri uri) =>
        (ReferenceEquals(uri, _uri) && !_isWildcard)
        || (uri.Port == _port
            && uri.Scheme == _scheme
            && (_isWildcard ? uri.IdnHost.EndsWith(_host, StringComparison.OrdinalIgnoreCase) : uri.IdnHost.Equals(_host, StringComparison.OrdinalIgnoreCase)));

    public override string ToString() => $"{_scheme}://{(_isWildcard ? "*" : "")}{_host}:{_port}";
}
