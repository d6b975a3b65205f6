using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>Why no response was received: names who ended the connection, and how .</summary>
internal static class ConnectionFailure
{
    public const string UnreachableRemedy = "Check that the address is right and can be reached from here.";

    /// <summary>A broken connection is transient. A TLS error and a proxy that refuses the connection are not .</summary>
    public static EndpointFailure Of(Exception exception, HttpRequestMessage message)
    {
        HttpRequestError error = ErrorOf(exception);
        if (error == HttpRequestError.ProxyTunnelError)
        {
            return ProxyFailure.Of(exception, message.RequestUri!);
        }

        return TlsFailure.Find(exception, message) ?? Unreachable(exception, error, message.RequestUri!);
    }

    private static EndpointFailure Unreachable(Exception exception, HttpRequestError error, Uri target)
    {
        string what = "the connection failed";
        if (ProxyFailure.AddressOf(exception, target) is { } proxy)
        {
            what = $"the connection to the proxy {proxy} failed";
        }

        if (error != HttpRequestError.Unknown)
        {
            what += $" ({error})";
        }

        return new(ErrorType.Connection, target, what, client => Remedy(error, target, client))
        {
            Status = (exception as HttpRequestException)?.StatusCode,
            IsTransient = true,
            Cause = TransportFailure.Cause(exception),
        };
    }

    private static string Remedy(HttpRequestError error, Uri target, ClientContext client)
    {
        if (error is not (HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse or HttpRequestError.SecureConnectionError))
        {
            return UnreachableRemedy;
        }

        // Some servers close the connection instead of sending a TLS alert or an error page.
        if (target.Scheme == Uri.UriSchemeHttp)
        {
            return "If this port expects TLS, the scheme must be https.";
        }

        string option = client.Option(nameof(ClientCredentialsOptions.CertificateFile));
        return $"Check that this is the authorization server. If it requires a client certificate, check {option}.";
    }

    private static HttpRequestError ErrorOf(Exception exception) => exception switch
    {
        HttpRequestException failure => failure.HttpRequestError,
        HttpIOException failure => failure.HttpRequestError,
        _ => HttpRequestError.Unknown,
    };
}
