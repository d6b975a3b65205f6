using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>Which endpoints a metadata document may name: our credentials are sent there .</summary>
internal sealed class EndpointCheck(Uri issuer, bool allowInsecureHttp, IList<string> allowedHosts)
{
    /// <exception cref="FormatException">The address is not acceptable; the message says why and what to change.</exception>
    public Uri Require(string member, string? address)
    {
        if (string.IsNullOrEmpty(address))
        {
            throw new FormatException($"its {member} is missing. Set TokenEndpoint instead of discovery");
        }

        if (EndpointRules.Check(address, allowInsecureHttp) is { } problem)
        {
            throw new FormatException($"its {member} {problem}");
        }

        Uri endpoint = new(address);
        if (!IsOnIssuersHost(endpoint) && !allowedHosts.Contains(endpoint.IdnHost, StringComparer.OrdinalIgnoreCase))
        {
            string remedy = $"If '{endpoint.IdnHost}' is right, add it to AllowedEndpointHosts";
            throw new FormatException($"its {member} is on another host than the issuer. {remedy}");
        }

        if (EndpointRules.IsPrivate(endpoint) && !EndpointRules.IsPrivate(issuer))
        {
            throw new FormatException($"its {member} is a private address, and the issuer is not. Set TokenEndpoint if it is right");
        }

        return endpoint;
    }

    private bool IsOnIssuersHost(Uri endpoint)
    {
        bool isSubdomain = issuer.HostNameType == UriHostNameType.Dns
            && endpoint.IdnHost.EndsWith("." + issuer.IdnHost, StringComparison.OrdinalIgnoreCase);
        return isSubdomain || endpoint.IdnHost.Equals(issuer.IdnHost, StringComparison.OrdinalIgnoreCase);
    }
}
