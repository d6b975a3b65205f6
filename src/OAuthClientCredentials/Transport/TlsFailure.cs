using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// Why there is no TLS connection: an alert of the server, a port without TLS, or a certificate that is not accepted.
/// </summary>
internal static class TlsFailure
{
    private const string Handler = "in the handler of the token HttpClient";

    private const string VersionRemedy = "Check that this machine and the server have a TLS version and a cipher suite in common.";

    /// <summary>Returns the failure, or null if TLS did not cause it.</summary>
    public static EndpointFailure? Find(Exception exception, HttpRequestMessage message)
    {
        Uri target = WireAddress.AddressOf(message);
        if (TlsAlerts.Find(exception) is { } alert)
        {
            string what = $"the server ended the TLS connection with the alert '{TlsAlerts.NameOf(alert)}'";
            return Create(exception, target, what, client => AlertRemedy(alert, message, client)) with
            {
                IsTransient = alert == TlsAlert.InternalError,
            };
        }

        if (TlsAlerts.FindAuthenticationException(exception) is not { } failure)
        {
            return null;
        }

        if (failure.InnerException is not null)
        {
            return Create(exception, target, $"the TLS handshake failed{OpenSslReason(failure)}", static _ => VersionRemedy);
        }

        // The only message of .NET about bytes that are not those of TLS.
        if (failure.Message.Contains("frame", StringComparison.Ordinal))
        {
            const string Remedy = "Check the port. If the server expects http on it, the scheme must be http, or the port another one.";
            return Create(exception, target, "there is no TLS on that port", static _ => Remedy);
        }

        (string reason, string remedy) = CertificateProblem(failure.Message, target);
        return Create(exception, target, $"the TLS certificate was not accepted{reason}", _ => remedy);
    }

    private static EndpointFailure Create(Exception exception, Uri target, string what, Func<ClientContext, string> remedy) =>
        new(ErrorType.Tls, target, what, remedy) { Cause = TransportFailure.Cause(exception) };

    private static string OpenSslReason(AuthenticationException failure)
    {
        Exception cause = failure.GetBaseException();
        if (!TlsAlerts.IsFromOpenSsl(cause))
        {
            return "";
        }

        return $" ({cause.Message[(cause.Message.LastIndexOf(':') + 1)..]})";
    }

    private static string AlertRemedy(TlsAlert alert, HttpRequestMessage message, ClientContext client)
    {
        string file = client.Option(nameof(ClientCredentialsOptions.CertificateFile));
        switch (alert)
        {
            case TlsAlert.CertificateRequired when message.Method != HttpMethod.Get:
                return $"The server requires a client certificate. Set {file}.";
            case TlsAlert.CertificateRequired:
                return ConnectionRemedies.OfCertificate(message, client);
            case TlsAlert.HandshakeFailure:
                return $"{ConnectionRemedies.OfCertificate(message, client)} {VersionRemedy}";
            case TlsAlert.UnknownCA:
                return $"The server does not trust the issuer of the client certificate. Check that {file} has the intermediate "
                    + "certificates, and that the server trusts the root.";
            case >= TlsAlert.BadCertificate and <= TlsAlert.CertificateUnknown or TlsAlert.AccessDenied or TlsAlert.DecryptError:
                return $"The server does not accept the client certificate. Check {file}: its dates, issuer and revocation.";
            case TlsAlert.ProtocolVersion or TlsAlert.InsufficientSecurity:
                return VersionRemedy;
            case TlsAlert.UnrecognizedName:
                return "The server has no certificate for this host name. Check the address.";
            default:
                return "See the log of the server.";
        }
    }

    // The message has names of X509ChainStatusFlags or SslPolicyErrors.
    private static (string Reason, string Remedy) CertificateProblem(string message, Uri target)
    {
        bool Has(string flag) => message.Contains(flag, StringComparison.Ordinal);
        if (Has("NameMismatch"))
        {
            return ($": it is for another host name than {target.IdnHost}", "Check the address, or the names in the server's certificate.");
        }

        if (Has("NotTimeValid"))
        {
            return (": it has expired or is not valid yet", "Replace the server's certificate, or correct the clock of this machine.");
        }

        if (Has("UntrustedRoot") || Has("PartialChain"))
        {
            const string Remedy =
                $"Trust the CA: with SSL_CERT_FILE on Linux, or {Handler}. The server must send its intermediate certificates.";
            return (": its issuer is not trusted", Remedy);
        }

        if (Has("RevocationStatusUnknown") || Has("OfflineRevocation"))
        {
            const string Remedy = $"Make the CA's revocation list reachable from here, or set X509RevocationMode.NoCheck {Handler}.";
            return (": its revocation status is unknown", Remedy);
        }

        if (Has("Callback") || Has("custom"))
        {
            return (": your validation callback rejected it", $"Check the callback {Handler}.");
        }

        // Any other text may be that of your handler, and is not quoted.
        const string Replace = "Replace the server's certificate.";
        if (Enum.TryParse(message[(message.LastIndexOf(':') + 1)..], out X509ChainStatusFlags flags))
        {
            return ($": {flags}", Replace);
        }

        return ("", Replace);
    }
}
