using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OAuthClientCredentials.Tests.Shared;

/// <summary>A loopback HTTP server without ASP.NET Core, for native applications. It serves one request per connection.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<LoopbackRequest, string?> _respond;
    private readonly X509Certificate2? _certificate;
    private readonly string _headers;

    /// <param name="respond">
    /// Returns the JSON of a 200 response, JSON with an error for a 401, or null for a 401 with the error invalid_client.
    /// </param>
    /// <param name="certificate">The certificate of an https server, which asks for client certificates.</param>
    /// <param name="headers">Further headers of each response, each with its line break.</param>
    public LoopbackServer(Func<LoopbackRequest, string?> respond, X509Certificate2? certificate = null, string headers = "")
    {
        (_respond, _certificate, _headers) = (respond, certificate, headers);
        _listener.Start();
        Address = new Uri($"{(certificate is null ? "http" : "https")}://{_listener.LocalEndpoint}");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    public void Dispose() => _listener.Dispose();

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
            await using Stream stream = await OpenAsync(client);
            (string head, string body) = await ReadAsync(stream);
            string? json = _respond(new(head, body, (stream as SslStream)?.RemoteCertificate));
            json ??= """{"error":"invalid_client"}""";
            string status = json.StartsWith("{\"error\"", StringComparison.Ordinal) ? "401 Unauthorized" : "200 OK";
            string headers = $"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\nConnection: close";
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{_headers}{headers}\r\n\r\n{json}"));
        }
    }

    private async Task<Stream> OpenAsync(TcpClient client)
    {
        if (_certificate is null)
        {
            return client.GetStream();
        }

        SslStream stream = new(client.GetStream(), false, (_, _, _, _) => true);
        await stream.AuthenticateAsServerAsync(_certificate, clientCertificateRequired: true, checkCertificateRevocation: false);
        return stream;
    }

    private static async Task<(string Head, string Body)> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length));
            length += read;
            string[] parts = Encoding.UTF8.GetString(buffer, 0, length).Split("\r\n\r\n", 2);
            if (read == 0 || (parts.Length == 2 && parts[1].Length >= ContentLength(parts[0])))
            {
                return (parts[0], parts[^1]);
            }
        }
    }

    private static int ContentLength(string head) =>
        int.TryParse(LoopbackRequest.Header(head, "Content-Length"), out int length) ? length : 0;
}

internal sealed record LoopbackRequest(string Head, string Body, X509Certificate? Certificate)
{
    public bool IsTokenRequest => Head.StartsWith("POST /token ", StringComparison.Ordinal);

    /// <summary>The value of the Authorization header, or an empty string.</summary>
    public string Authorization => Header(Head, "Authorization");

    public static string Header(string head, string name)
    {
        string start = name + ": ";
        string? line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith(start, StringComparison.OrdinalIgnoreCase));
        return line?[start.Length..] ?? "";
    }
}
