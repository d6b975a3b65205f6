using System.Security.Authentication;
using System.Security.Cryptography;

namespace OAuthClientCredentials.Transport;

/// <summary>The alerts of TLS that a client can meet (RFC 8446 section 6). Other values occur too.</summary>
internal enum TlsAlert
{
    UnexpectedMessage = 10,
    HandshakeFailure = 40,
    BadCertificate = 42,
    UnsupportedCertificate = 43,
    CertificateRevoked = 44,
    CertificateExpired = 45,
    CertificateUnknown = 46,
    IllegalParameter = 47,
    UnknownCA = 48,
    AccessDenied = 49,
    DecodeError = 50,
    DecryptError = 51,
    ProtocolVersion = 70,
    InsufficientSecurity = 71,
    InternalError = 80,
    UnrecognizedName = 112,
    CertificateRequired = 116,
    NoApplicationProtocol = 120,
}

/// <summary>Finds the TLS alert of a server in an exception.</summary>
internal static class TlsAlerts
{
    // The number of the library "SSL" within OpenSSL.
    private const int OpenSslLibrary = 20;

    // OpenSSL adds the number of an alert to this number.
    private const int FirstReason = 1000;

    /// <summary>Returns the alert, or null if the connection did not end with one.</summary>
    public static TlsAlert? Find(Exception exception)
    {
        // With TLS 1.3 the alert about a client certificate arrives after the handshake, at the first read.
        Exception cause = exception.GetBaseException();
        if (IsFromOpenSsl(cause))
        {
            int number = (cause.HResult & 0xFFF) - FirstReason;
            return number is >= 0 and <= 255 ? (TlsAlert)number : null;
        }

        // Without OpenSSL, .NET quotes the name or the number of the alert at the end of its message.
        string text = FindAuthenticationException(exception)?.Message ?? "";
        string lastWord = text[(text.LastIndexOf(' ') + 1)..].Trim('.', '\'');
        return Enum.TryParse(lastWord, out TlsAlert alert) ? alert : null;
    }

    /// <summary>Whether the exception is an error of OpenSSL's TLS. Its text comes from a fixed list.</summary>
    public static bool IsFromOpenSsl(Exception exception) =>
        exception is CryptographicException && (exception.HResult >> 23 == OpenSslLibrary || exception.HResult >> 24 == OpenSslLibrary);

    /// <summary>The name of an alert as in the RFC, for instance <c>certificate required</c>.</summary>
    public static string NameOf(TlsAlert alert)
    {
        string name = alert.ToString().Replace("CA", "Ca", StringComparison.Ordinal);
        return string.Concat(name.Select(letter => char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}")).TrimStart();
    }

    public static AuthenticationException? FindAuthenticationException(Exception exception)
    {
        Exception? current = exception;
        while (current is not (null or AuthenticationException))
        {
            current = current.InnerException;
        }

        return (AuthenticationException?)current;
    }
}
