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

    /// <summary>Says why a token may not go there, or null. The origin that was asked for last answers at once.</summary>
    public string? Refuse(Uri uri)
    {
        if (Volatile.Read(ref _lastAllowed)?.Matches(uri) == true)
        {
            return null;
        }

        string? refusal = Examine(uri);
        if (refusal is null)
        {
            Volatile.Write(ref _lastAllowed, new Origin(uri));
        }

        return refusal;
    }

    private string? Examine(Uri uri)
    {
        if (!EndpointRules.IsSecure(uri, allowInsecureHttp: false) && !(uri.Scheme == Uri.UriSchemeHttp && allowInsecureHttp()))
        {
            return "it is neither https nor loopback. Use https, or, in a network that encrypts beneath, set AllowInsecureHttp";
        }

        if (_allowed.Length > 0)
        {
            return Array.Exists(_allowed, origin => origin.Matches(uri)) ? null : "it is not one of AllowedOrigins. Add it there if the API may see this token";
        }

        if (baseAddresses.Contains(uri))
        {
            return null;
        }

        if (!baseAddresses.IsEmpty)
        {
            return "it is not the origin of the HttpClient's BaseAddress. Add it to AllowedOrigins in AddClientCredentialsHandler if the API may see this token";
        }

        if (!_warned)
        {
            _warned = true;
            logger.AnyOrigin(httpClientName);
        }

        return null;
    }
}
