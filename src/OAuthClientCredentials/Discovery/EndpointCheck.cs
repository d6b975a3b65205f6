using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>Decides which endpoints a metadata document may contain, because our credentials are sent to them .</summary>
internal sealed class EndpointCheck(Uri issuer, PlainHttp plainHttp, IList<string> allowedHosts)
{
    /// <param name="member">The member of the document.</param>
    /// <param name="address">Its value.</param>
    /// <param name="option">The option that replaces it.</param>
    /// <exception cref="FormatException">The endpoint is missing or not allowed. The message says why and what to change.</exception>
    public Uri Require(string member, string? address, string option)
    {
        if (string.IsNullOrEmpty(address))
        {
            throw new FormatException($"its {member} is missing. Set {option} instead of discovery");
        }

        if (EndpointRules.Check(address, plainHttp) is { } problem)
        {
            throw new FormatException($"its {member} {problem}");
        }

        Uri endpoint = new(address);
        if (!IsOnHostOfIssuer(endpoint) && !allowedHosts.Contains(endpoint.IdnHost, StringComparer.OrdinalIgnoreCase))
        {
            string remedy = $"If '{endpoint.IdnHost}' is right, add it to AllowedEndpointHosts";
            throw new FormatException($"its {member} is on another host than the issuer. {remedy}");
        }

        if (EndpointRules.IsPrivate(endpoint) && !EndpointRules.IsPrivate(issuer))
        {
            throw new FormatException($"its {member} is a private address, but the issuer is not. If it is right, set {option}");
        }

        return endpoint;
    }

    private bool IsOnHostOfIssuer(Uri endpoint)
    {
        bool isSubdomain = issuer.HostNameType == UriHostNameType.Dns
            && endpoint.IdnHost.EndsWith("." + issuer.IdnHost, StringComparison.OrdinalIgnoreCase);
        return isSubdomain || endpoint.IdnHost.Equals(issuer.IdnHost, StringComparison.OrdinalIgnoreCase);
    }
}
