using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthClientCredentials.StartUp;

/// <summary>Answers every connection with one token.</summary>
internal sealed class TokenEndpoint : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public TokenEndpoint()
    {
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}/token");

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        const string Body = """{"access_token":"abc","token_type":"Bearer","expires_in":3600}""";
        byte[] response = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}");
        while (true)
        {
            using TcpClient client = await _listener.AcceptTcpClientAsync();
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[4096];
            string request = "";
            while (!request.EndsWith("grant_type=client_credentials", StringComparison.Ordinal))
            {
                int read = await stream.ReadAsync(buffer);
                request += Encoding.ASCII.GetString(buffer, 0, read);
            }

            await stream.WriteAsync(response);
        }
    }
}
