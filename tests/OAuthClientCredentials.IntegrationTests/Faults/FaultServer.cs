using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace OAuthClientCredentials.IntegrationTests.Faults;

internal enum Endpoint
{
    Token,
    Discovery,
}

/// <summary>A server of raw bytes on a free loopback port. One of its endpoints has a fault, the other works.</summary>
internal sealed class FaultServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Fault _fault;
    private readonly Task _accepting = Task.CompletedTask;
    private int _attempts;

    public FaultServer(Fault fault, Endpoint faultyEndpoint = Endpoint.Token, string otherOrigin = "")
    {
        (_fault, FaultyEndpoint, OtherOrigin) = (fault, faultyEndpoint, otherOrigin);
        _listener.Start();
        Origin = $"{(fault.IsTls ? "https" : "http")}://{_listener.LocalEndpoint}";
        if (fault.IsRefused)
        {
            _listener.Stop();
        }
        else
        {
            _accepting = AcceptAsync();
        }
    }

    public Endpoint FaultyEndpoint { get; }

    public string Origin { get; }

    public string OtherOrigin { get; }

    /// <summary>How many attempts reached the faulty endpoint: requests, and connections without a request.</summary>
    public int Attempts => Volatile.Read(ref _attempts);

    /// <summary>Every request, head and body, as it was received.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public async ValueTask DisposeAsync()
    {
        if (_end.IsCancellationRequested)
        {
            return;
        }

        await _end.CancelAsync();
        await _accepting;
        _listener.Stop();
        await Task.WhenAll(_connections);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _connections.Add(ServeAsync(await _listener.AcceptSocketAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        bool hasRequest = false;
        try
        {
            using (socket)
            {
                await using NetworkStream plain = new(socket);
                await _fault.Connected(new ServerConnection(socket, plain, this, _end.Token));
                await using Stream stream = await SecureAsync(plain);
                ServerConnection connection = new(socket, stream, this, _end.Token);
                while (await connection.ReadRequestAsync() is { } request)
                {
                    hasRequest = true;
                    Requests.Enqueue(request);
                    await RespondAsync(connection, request);
                }
            }
        }
        catch (Exception exception) when (
            exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException or AuthenticationException)
        {
            // The client closed the connection or rejected the certificate.
        }

        if (!hasRequest)
        {
            Interlocked.Increment(ref _attempts);
        }
    }

    private Task RespondAsync(ServerConnection connection, string request)
    {
        if (FaultyEndpoint == Endpoint.Discovery && request.StartsWith("POST ", StringComparison.Ordinal))
        {
            return connection.RespondAsync(200, System.Text.Encoding.UTF8.GetBytes(ServerConnection.Token), ServerConnection.Json);
        }

        Interlocked.Increment(ref _attempts);
        return _fault.Respond(connection);
    }

    private async Task<Stream> SecureAsync(NetworkStream plain)
    {
        if (_fault.Certificate is null)
        {
            return plain;
        }

        SslStream secure = new(plain);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _fault.Certificate }, _end.Token);
        return secure;
    }
}
