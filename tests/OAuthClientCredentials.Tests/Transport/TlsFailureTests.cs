using System.Security.Authentication;
using System.Security.Cryptography;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A TLS connection that fails names the alert, the port without TLS, or the problem of the certificate.</summary>
public sealed class TlsFailureTests
{
    private const string File = "ClientCredentials:CertificateFile";
    private const string Server = "https://id.example.com/token";

    /// <summary>Number, name in RFC 8446, a part of the remedy.</summary>
    public static TheoryData<int, string, string> Alerts => new()
    {
        { 40, "handshake failure", $"requires a client certificate, check {File}" },
        { 42, "bad certificate", $"does not accept the client certificate. Check {File}" },
        { 43, "unsupported certificate", $"does not accept the client certificate. Check {File}" },
        { 44, "certificate revoked", $"does not accept the client certificate. Check {File}" },
        { 45, "certificate expired", $"does not accept the client certificate. Check {File}" },
        { 46, "certificate unknown", $"does not accept the client certificate. Check {File}" },
        { 48, "unknown ca", "the intermediate certificates" },
        { 49, "access denied", $"does not accept the client certificate. Check {File}" },
        { 51, "decrypt error", $"does not accept the client certificate. Check {File}" },
        { 70, "protocol version", "TLS version" },
        { 71, "insufficient security", "cipher suite" },
        { 80, "internal error", "the log of the server" },
        { 90, "90", "the log of the server" },
        { 112, "unrecognized name", "no certificate for this host name" },
        { 116, "certificate required", $"requires a client certificate. Set {File}." },
        { 120, "no application protocol", "the log of the server" },
    };

    [Theory]
    [Trait("Req", "R-352")]
    [MemberData(nameof(Alerts))]
    public async Task Alert_of_the_server_is_named(int alert, string name, string remedy)
    {
        // Other platforms do not report every alert.
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using RawServer server = RawServer.Alerting(alert);
        TokenRequestException exception = await FailingClient.FailAsync($"https://127.0.0.1:{server.Port}/token", Create);
        Assert.Contains($"ended the TLS connection with the alert '{name}'. ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, exception.Message, StringComparison.Ordinal);
        bool isTransient = alert == 80;
        Assert.Equal((ErrorType.Tls, isTransient), (ErrorType.Of(exception), exception.IsTransient));
        Assert.Equal(isTransient ? 4 : 2, server.Connections);
    }

    [Fact]
    [Trait("Req", "R-352")]
    public async Task Client_certificate_for_metadata_is_replaced_by_the_endpoint()
    {
        using RawServer server = RawServer.Alerting(116);
        TokenRequestException exception = await FailingClient.FailAtDiscoveryAsync($"https://127.0.0.1:{server.Port}", Create);
        Assert.Contains("alert 'certificate required'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("set ClientCredentials:TokenEndpoint instead of discovery.", exception.Message, StringComparison.Ordinal);
    }

    // The number of OpenSSL 3 and of OpenSSL 1.1, and the text of .NET where TLS is not OpenSSL's.
    [Theory]
    [Trait("Req", "R-352")]
    [InlineData(0x0A00045C, "")]
    [InlineData(0x1409445C, "")]
    [InlineData(0, "Authentication failed because the remote party sent a TLS alert: '116'.")]
    public async Task Alert_at_the_first_read_or_of_another_platform_is_named(int openSsl, string text)
    {
        Exception cause = new AuthenticationException(text);
        if (openSsl != 0)
        {
            cause = new IOException("The read failed.", new IOException("The decryption failed.", new CryptographicException(openSsl)));
        }

        TokenRequestException exception = await FailWithAsync(cause);
        Assert.Contains("alert 'certificate required'", exception.Message, StringComparison.Ordinal);
        Assert.Equal((ErrorType.Tls, false), (ErrorType.Of(exception), exception.IsTransient));
    }

    [Theory]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-352")]
    [InlineData("errors in the certificate chain: UntrustedRoot", "its issuer is not trusted", "SSL_CERT_FILE")]
    [InlineData("errors in the certificate chain: PartialChain", "its issuer is not trusted", "send its intermediate certificates")]
    [InlineData("errors in the certificate chain: NotTimeValid", "it has expired or is not valid yet", "the clock of this machine")]
    [InlineData("errors in the certificate chain: NotTimeValid, UntrustedRoot", "it has expired or is not valid yet", "Replace")]
    [InlineData("the certificate: RemoteCertificateNameMismatch", "it is for another host name than id.example.com", "Check the address")]
    [InlineData("the certificate chain: RevocationStatusUnknown, OfflineRevocation", "its revocation status is unknown", "NoCheck")]
    [InlineData("errors in the certificate chain: Revoked", "Revoked", "Replace the server's certificate")]
    [InlineData("the certificate was rejected by the Callback.", "your validation callback rejected it", "Check the callback")]
    [InlineData("net_ssl_io_cert_chain_validation, UntrustedRoot", "its issuer is not trusted", "SSL_CERT_FILE")]
    public async Task Certificate_that_is_not_accepted_has_its_reason(string text, string reason, string remedy)
    {
        TokenRequestException exception = await FailWithAsync(new AuthenticationException(text));
        Assert.Contains($"the TLS certificate was not accepted: {reason}. ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, exception.Message, StringComparison.Ordinal);
        Assert.Equal((ErrorType.Tls, false, 1), (ErrorType.Of(exception), exception.IsTransient, exception.Attempts));
    }

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    public async Task Port_without_tls_is_reported_as_such(string response)
    {
        using RawServer server = new(response);
        string address = $"https://127.0.0.1:{server.Port}/token";
        TokenRequestException[] exceptions =
        [
            await FailingClient.FailAsync(address, Create),
            await FailingClient.FailAtDiscoveryAsync(address, Create),
        ];
        Assert.All(exceptions, exception =>
        {
            Assert.Contains("there is no TLS on that port. ", exception.Message, StringComparison.Ordinal);
            Assert.Contains("the scheme must be http", exception.Message, StringComparison.Ordinal);
            Assert.Equal((ErrorType.Tls, false), (ErrorType.Of(exception), exception.IsTransient));
        });
    }

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData("closed")]
    [InlineData("alert")]
    [InlineData("nginx")]
    [InlineData("Go")]
    public async Task Plain_http_on_a_port_with_tls_gets_the_scheme_as_remedy(string kind)
    {
        using RawServer server = kind switch
        {
            "closed" => new(""),
            "alert" => RawServer.Alerting(70),
            "nginx" => RawServer.Responding("400 Bad Request", body: "<title>400 The plain HTTP request was sent to HTTPS port</title>"),
            _ => RawServer.Responding("400 Bad Request", "text/plain", "Client sent an HTTP request to an HTTPS server.\n"),
        };
        string address = $"http://127.0.0.1:{server.Port}/token";
        TokenRequestException[] exceptions =
        [
            await FailingClient.FailAsync(address, Create),
            await FailingClient.FailAtDiscoveryAsync(address, Create),
        ];
        Assert.All(
            exceptions,
            exception => Assert.Contains("the scheme must be https.", exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-352")]
    public async Task Connection_that_ends_in_the_handshake_is_a_broken_connection()
    {
        using RawServer server = new("");
        TokenRequestException exception = await FailingClient.FailAsync($"https://127.0.0.1:{server.Port}/token", Create);
        Assert.Contains("the connection failed (SecureConnectionError)", exception.Message, StringComparison.Ordinal);
        Assert.Contains($"If the server requires a client certificate, check {File}.", exception.Message, StringComparison.Ordinal);
        Assert.Equal((ErrorType.Connection, true), (ErrorType.Of(exception), exception.IsTransient));
    }

    private static SocketsHttpHandler Create() => new();

    private static Task<TokenRequestException> FailWithAsync(Exception cause) => FailingClient.FailAsync(
        Server,
        () => new StubHandler((_, _) => throw new HttpRequestException(HttpRequestError.SecureConnectionError, "canary", cause)));
}
