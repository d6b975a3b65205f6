using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A TCP server on a loopback port that reads once, sends the same bytes on each connection, and closes it.</summary>
internal sealed class RawServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _response;
    private int _connections;

    public RawServer(byte[] response)
    {
        _response = response;
        _listener.Start();
        _ = Task.Run(AcceptAsync);
    }

    public RawServer(string response)
        : this(Encoding.ASCII.GetBytes(response))
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Connections => Volatile.Read(ref _connections);

    /// <summary>A server that ends each connection with a fatal TLS alert (RFC 8446 section 6).</summary>
    public static RawServer Alerting(int alert) => new([0x15, 3, 3, 0, 2, 2, (byte)alert]);

    public static RawServer Responding(string status, string mediaType = "text/html", string body = "") =>
        new($"HTTP/1.1 {status}\r\nContent-Type: {mediaType}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref _connections);
                _ = Task.Run(() => ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The server was disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient connection = client;
        try
        {
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[16 * 1024];
            _ = await stream.ReadAsync(buffer);
            await stream.WriteAsync(_response);

            // Without this, bytes that were not read would reset the connection before the response is read.
            client.Client.Shutdown(SocketShutdown.Send);
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // The client closed the connection.
        }
    }
}
