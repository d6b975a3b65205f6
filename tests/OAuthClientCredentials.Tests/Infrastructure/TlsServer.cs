using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Speaks TLS with a certificate that signed itself, and counts the bytes that a client sends after the handshake.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate = SelfSigned();
    private Task _work = Task.CompletedTask;
    private int _bytes;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Bytes => Volatile.Read(ref _bytes);

    public static TlsServer Start()
    {
        TlsServer server = new();
        server._listener.Start();
        server._work = server.RunAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _work;
        _certificate.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            try
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await using SslStream stream = new(client.GetStream());
                await stream.AuthenticateAsServerAsync(_certificate);
                Interlocked.Add(ref _bytes, await stream.ReadAsync(new byte[1024]));
            }
            catch (Exception exception) when (exception is System.Security.Authentication.AuthenticationException or IOException)
            {
                // The client does not trust the certificate: what is tested.
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
