using System.Net;
using System.Text;

namespace OAuthClientCredentials.Transport;

/// <summary>Decides where a secret may be sent. Each check returns the problem, or null.</summary>
/// <remarks>A logical address has the scheme https+http or http+https. Service discovery resolves it for each request .</remarks>
internal static class EndpointRules
{
    private const int MaxHostLength = 1024;

    private const string NotHttpsProblem = "must be an absolute https address";

    private const string InsecureProblem = "must be https, because a secret would be sent unencrypted. "
        + "Only loopback may be http. If the network itself encrypts all traffic, set AllowInsecureHttp";

    private const string NotEvenLoopbackProblem = "must be https, also for loopback (RequireFapi2: FAPI 2.0 section 5.2.1)";

    /// <summary>Checks an address that a server names. It is not logical.</summary>
    public static string? Check(string? address, PlainHttp plainHttp)
    {
        if (Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && IsLogical(uri))
        {
            return NotHttpsProblem;
        }

        return CheckConfigured(address, plainHttp);
    }

    /// <summary>Checks an address of the options, which may be logical.</summary>
    public static string? CheckConfigured(string? address, PlainHttp plainHttp)
    {
        if (string.IsNullOrEmpty(address))
        {
            return null;
        }

        // A URI cannot contain these characters (RFC 3986 section 2), and documentation writes {tenant} or <tenant>.
        if (address.AsSpan().ContainsAny("<>{}"))
        {
            return "contains a placeholder that was not replaced, such as {tenant}. Set the real value";
        }

        bool isAddress = Uri.TryCreate(address, UriKind.Absolute, out Uri? uri)
            && (uri.Scheme is "https" or "http" || IsLogical(uri))
            && HasHost(uri);
        if (!isAddress)
        {
            return NotHttpsProblem;
        }

        if (uri!.UserInfo.Length != 0)
        {
            return "must not contain user info. Set the credentials in their own options";
        }

        if (address.Contains('#', StringComparison.Ordinal))
        {
            return "must not have a fragment (RFC 6749 section 3.2)";
        }

        if (IsLogical(uri) || IsSecure(uri, plainHttp))
        {
            return null;
        }

        return plainHttp == PlainHttp.Nowhere ? NotEvenLoopbackProblem : InsecureProblem;
    }

    public static string? CheckIssuer(string? issuer)
    {
        if (issuer?.Contains('?', StringComparison.Ordinal) == true)
        {
            return "must not have a query (RFC 8414 section 2)";
        }

        return IsMetadata(issuer) ? "must be the issuer, not the address of its metadata. Set it to the issuer in that document" : null;
    }

    public static string? CheckNotMetadata(string? endpoint, string kind) => IsMetadata(endpoint)
        ? $"must be the {kind} endpoint, not the address of the metadata. Set it to the {kind}_endpoint in that document"
        : null;

    public static bool IsLogical(Uri uri) => uri.Scheme is "https+http" or "http+https";

    public static bool IsSecure(Uri uri, PlainHttp plainHttp) => uri.Scheme == Uri.UriSchemeHttps || plainHttp switch
    {
        PlainHttp.Everywhere => true,
        PlainHttp.Loopback => uri.IsLoopback,
        _ => false,
    };

    /// <summary>Whether the host is loopback or a private address. A name is not resolved.</summary>
    public static bool IsPrivate(Uri uri)
    {
        if (!IPAddress.TryParse(uri.DnsSafeHost, out IPAddress? address))
        {
            return uri.IsLoopback || uri.IdnHost.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        byte[] bytes = address.GetAddressBytes();
        return IPAddress.IsLoopback(address)
            || address.IsIPv6LinkLocal || address.IsIPv6SiteLocal || address.IsIPv6UniqueLocal || address.Equals(IPAddress.IPv6Any)
            || (bytes.Length == 4 && IsPrivate(bytes));
    }

    private static bool IsMetadata(string? address) => address?.Contains("/.well-known/", StringComparison.Ordinal) == true;

    // IdnHost converts a Unicode host to ASCII in quadratic time, so the length is checked first. The ASCII form may be too long for DNS.
    // Then IdnHost throws, or returns the host unchanged.
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

    private static bool IsPrivate(byte[] address) =>
        address is [0 or 10, ..] or [172, >= 16 and <= 31, ..] or [192, 168, ..] or [169, 254, ..] or [100, >= 64 and <= 127, ..];
}
