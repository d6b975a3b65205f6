using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>Why no response was received: names who ended the connection, and how .</summary>
internal static class ConnectionFailure
{
    public const string UnreachableRemedy = "Check that the address is right and can be reached from here.";

    /// <summary>
    /// Transient are a broken connection, the TLS alert "internal error", and a proxy with 408, 429, 5xx or without a status.
    /// </summary>
    public static EndpointFailure Of(Exception exception, HttpRequestMessage message)
    {
        HttpRequestError error = ErrorOf(exception);
        if (error == HttpRequestError.ProxyTunnelError)
        {
            return ProxyFailure.Of(exception, WireAddress.AddressOf(message));
        }

        return TlsFailure.Find(exception, message) ?? Unreachable(exception, error, message);
    }

    private static EndpointFailure Unreachable(Exception exception, HttpRequestError error, HttpRequestMessage message)
    {
        Uri target = WireAddress.AddressOf(message);
        string what = "the connection failed";
        if (ProxyFailure.AddressOf(exception, target) is { } proxy)
        {
            what = $"the connection to the proxy {proxy} failed";
        }

        if (error != HttpRequestError.Unknown)
        {
            what += $" ({error})";
        }

        return new(ErrorType.Connection, target, what, client => Remedy(error, message, client))
        {
            Status = (exception as HttpRequestException)?.StatusCode,
            IsTransient = true,
            Cause = TransportFailure.Cause(exception),
        };
    }

    private static string Remedy(HttpRequestError error, HttpRequestMessage message, ClientContext client)
    {
        if (error is not (HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse or HttpRequestError.SecureConnectionError))
        {
            return UnreachableRemedy;
        }

        // Some servers close the connection instead of sending a TLS alert or an error page.
        if (WireAddress.AddressOf(message).Scheme == Uri.UriSchemeHttp)
        {
            return ConnectionRemedies.Scheme;
        }

        return $"Check that this is the authorization server. {ConnectionRemedies.OfCertificate(message, client)}";
    }

    private static HttpRequestError ErrorOf(Exception exception) => exception switch
    {
        HttpRequestException failure => failure.HttpRequestError,
        HttpIOException failure => failure.HttpRequestError,
        _ => HttpRequestError.Unknown,
    };
}
