using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Handling;

/// <summary>Where the tokens of one HttpClient may go .</summary>
internal sealed class OriginPolicy(string httpClientName, IEnumerable<Origin> allowed, BaseAddressBook baseAddresses, Func<bool> allowInsecureHttp, ILogger logger)
{
    private readonly Origin[] _allowed = [.. allowed];
    private Origin? _lastAllowed;
    private bool _warned;

    /// <summary>Neither origins nor an address are known: any https origin is allowed, and each request has to be held to its first.</summary>
    public bool AllowsAny => _allowed.Length == 0 && baseAddresses.IsEmpty;

    /// <summary>Says why a token may not go there, or null. The origin that was allowed last answers at once.</summary>
    public string? Refuse(Uri uri) => Volatile.Read(ref _lastAllowed)?.Matches(uri) == true ? null : Examine(uri);

    private string? Examine(Uri uri)
    {
        if (IsInsecure(uri))
        {
            return "it is neither https nor loopback. Use https, or, in a network that encrypts beneath, set AllowInsecureHttp";
        }

        if (_allowed.Length > 0 ? Array.Exists(_allowed, origin => origin.Matches(uri)) : baseAddresses.Contains(uri))
        {
            // Plain http is allowed only as long as the options say so.
            Volatile.Write(ref _lastAllowed, EndpointRules.IsSecure(uri, allowInsecureHttp: false) ? new Origin(uri) : null);
            return null;
        }

        return _allowed.Length > 0 ? "it is not one of AllowedOrigins. Add it there if the API may see this token"
            : !baseAddresses.IsEmpty ? "it is not the origin of the HttpClient's BaseAddress. Add it to AllowedOrigins in AddClientCredentialsHandler if the API may see this token"
            : AllowAny();
    }

    private bool IsInsecure(Uri uri) =>
        !EndpointRules.IsSecure(uri, allowInsecureHttp: false) && !(uri.Scheme == Uri.UriSchemeHttp && allowInsecureHttp());

    // Not remembered: a typed client made later may bring the address that counts.
    private string? AllowAny()
    {
        if (!_warned)
        {
            _warned = true;
            logger.AnyOrigin(httpClientName);
        }

        return null;
    }
}
