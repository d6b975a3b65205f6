using System.Net;
using System.Text;

namespace OAuthClientCredentials.Transport;

/// <summary>Where a secret may be sent. Each rule answers with what is wrong, or null.</summary>
internal static class EndpointRules
{
    private const int MaxHostLength = 1024;

    private const string InsecureProblem = "must be https: a secret would cross the network in the clear. "
        + "Only loopback may be http, or, in a network that encrypts beneath, set AllowInsecureHttp";

    public static string? Check(string? address, bool allowInsecureHttp)
    {
        if (string.IsNullOrEmpty(address))
        {
            return null;
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("https" or "http") || !HasHost(uri))
        {
            return "must be an absolute https address";
        }

        if (uri.UserInfo.Length != 0)
        {
            return "must not hold user info; credentials have options of their own";
        }

        if (address.Contains('#', StringComparison.Ordinal))
        {
            return "must not have a fragment (RFC 6749 section 3.2)";
        }

        return IsSecure(uri, allowInsecureHttp) ? null : InsecureProblem;
    }

    // A host in Unicode may be too long for DNS only once it is written in ASCII, which happens when it is asked for, and in quadratic
    // time;
    // then it throws, or stays as it is.
    private static bool HasHost(Uri uri)
    {
        try
        {
            return uri.Host.Length <= MaxHostLength && Ascii.IsValid(uri.IdnHost);
        }
        catch (UriFormatException)
        {
            return false;
        }
    }

    // RFC 8414 section 2
    public static string? CheckIssuer(string? issuer) =>
        issuer?.Contains('?', StringComparison.Ordinal) == true ? "must not have a query (RFC 8414 section 2)" : null;

    public static bool IsSecure(Uri uri, bool allowInsecureHttp) => uri.Scheme == Uri.UriSchemeHttps || uri.IsLoopback || allowInsecureHttp;

    /// <summary>Whether a host, by its name alone, is one that only this machine or this network can reach.</summary>
    public static bool IsPrivate(Uri uri)
    {
        if (!IPAddress.TryParse(uri.DnsSafeHost, out IPAddress? address))
        {
            return uri.IsLoopback || uri.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        }

        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        byte[] bytes = address.GetAddressBytes();
        return IPAddress.IsLoopback(address)
            || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.Equals(IPAddress.IPv6Any)
            || (bytes.Length == 4 && IsPrivate(bytes));
    }

    private static bool IsPrivate(byte[] address) =>
        address is [0 or 10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [169, 254, ..] or [100, >= 64 and <= 127, ..];
}
