using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>A proxy did not open the connection to the server (RFC 9110 section 9.3.6).</summary>
internal static class ProxyFailure
{
    public static EndpointFailure Of(Exception exception, Uri target)
    {
        HttpStatusCode? status = TransportFailure.StatusOf(exception);
        string what = "the proxy did not open a connection to the server";
        if (status is not null)
        {
            what += $" (status {(int)status})";
        }

        return new(ErrorType.Proxy, target, what, _ => Remedy(status, target))
        {
            Status = status,
            IsTransient = IsTransient(status),
            Cause = TransportFailure.Cause(exception),
        };
    }

    /// <summary>What to change after 407. The proxy is that of an environment variable or of your handler.</summary>
    public static string LoginRemedy(Uri target)
    {
        string variable = $"{target.Scheme.ToUpperInvariant()}_PROXY";
        return $"The proxy requires another login. Set its user name and password in {variable}, percent-encoded, "
            + "or in the handler of the token HttpClient.";
    }

    /// <summary>
    /// The host and port of the proxy, if the connection to it failed. .NET puts the address that it could not reach at the end of the
    /// message.
    /// </summary>
    public static string? AddressOf(Exception exception, Uri target)
    {
        string message = exception.Message;
        int start = message.LastIndexOf('(') + 1;
        bool hasAddress = start > 0 && message.EndsWith(')') && exception is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
        };
        if (!hasAddress || !Uri.TryCreate($"http://{message[start..^1]}", UriKind.Absolute, out Uri? address))
        {
            return null;
        }

        bool isTarget = address.IdnHost == target.IdnHost && address.Port == target.Port;
        if (isTarget)
        {
            return null;
        }

        return $"{address.IdnHost}:{address.Port}";
    }

    // Without a status, a SOCKS proxy could not reach the server.
    private static bool IsTransient(HttpStatusCode? status) => status is null || (int)status is 408 or 429 or >= 500;

    private static string Remedy(HttpStatusCode? status, Uri target)
    {
        if (status == HttpStatusCode.ProxyAuthenticationRequired)
        {
            return LoginRemedy(target);
        }

        if (IsTransient(status))
        {
            return $"Check that the proxy can reach {target.IdnHost}:{target.Port}, or add the host to NO_PROXY.";
        }

        return $"Allow connections to {target.IdnHost}:{target.Port} at the proxy, or add the host to NO_PROXY.";
    }
}
