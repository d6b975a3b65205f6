using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

/// <summary>Gives a token to whoever shows a certificate, and takes it back only from who shows the same: one request a connection.</summary>
internal sealed class MutualTlsServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = SelfSigned("127.0.0.1");

    public MutualTlsServer()
    {
        _listener.Start();
        Address = new Uri($"https://{_listener.LocalEndpoint}");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    /// <summary>A handler that trusts this server.</summary>
    public SocketsHttpHandler CreateHandler() => new()
    {
        SslOptions = new()
        {
            CertificateChainPolicy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { _certificate }, RevocationMode = X509RevocationMode.NoCheck },
        },
    };

    public static X509Certificate2 SelfSigned(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            TcpClient client = await _listener.AcceptTcpClientAsync();
            _ = Task.Run(() => ServeAsync(client));
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            await using SslStream stream = new(client.GetStream(), false, (_, _, _, _) => true);
            await stream.AuthenticateAsServerAsync(_certificate, clientCertificateRequired: true, checkCertificateRevocation: false);
            string request = await LoopbackServer.ReadAsync(stream);
            string shown = stream.RemoteCertificate?.GetCertHashString(HashAlgorithmName.SHA256) ?? "none";
            string body = request.StartsWith("POST /token", StringComparison.Ordinal) ? $$"""{"access_token":"for-{{shown}}","token_type":"Bearer","expires_in":3600}""" : "{}";
            bool isGood = shown != "none" && (body != "{}" || request.Contains($"Authorization: Bearer for-{shown}\r\n", StringComparison.Ordinal));
            string response = $"HTTP/1.1 {(isGood ? "200 OK" : "401 Unauthorized")}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
            await stream.WriteAsync(Encoding.UTF8.GetBytes(response));
        }
    }
}
