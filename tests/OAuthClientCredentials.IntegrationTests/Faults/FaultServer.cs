using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using OAuthClientCredentials.Api;

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
    private readonly ConcurrentBag<Task> _work = [];
    private readonly Fault _fault;
    private readonly Endpoint _faulty;
    private readonly string _elsewhere;
    private Task _accepting = Task.CompletedTask;
    private int _tries;

    private FaultServer(Fault fault, Endpoint faulty, string elsewhere)
    {
        (_fault, _faulty, _elsewhere) = (fault, faulty, elsewhere);
        _listener.Start();
        Origin = $"{(fault.IsTls ? "https" : "http")}://{_listener.LocalEndpoint}";
    }

    public string Origin { get; }

    /// <summary>How often a client tried the faulty endpoint: requests, and connections that came to none.</summary>
    public int Tries => Volatile.Read(ref _tries);

    /// <summary>Every request that arrived, as its head and body stand on the wire.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public static FaultServer Start(Fault fault, Endpoint faulty = Endpoint.Token, string elsewhere = "")
    {
        FaultServer server = new(fault, faulty, elsewhere);
        if (fault.IsRefused)
        {
            server._listener.Stop();
        }
        else
        {
            server._accepting = server.AcceptAsync();
        }

        return server;
    }

    public async ValueTask DisposeAsync()
    {
        if (_end.IsCancellationRequested)
        {
            return;
        }

        await _end.CancelAsync();
        await _accepting;
        _listener.Stop();
        while (_work.TryTake(out Task? work))
        {
            await work;
        }

        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _work.Add(ServeAsync(await _listener.AcceptSocketAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        int requests = 0;
        try
        {
            using (socket)
            {
                await using NetworkStream plain = new(socket);
                await _fault.Connected(new Peer(socket, plain, Origin, _elsewhere, _faulty, _end.Token));
                await using Stream stream = await SecureAsync(plain);
                Peer peer = new(socket, stream, Origin, _elsewhere, _faulty, _end.Token);
                while (await peer.ReadRequestAsync() is { } request)
                {
                    Requests.Enqueue(request);
                    if (_faulty == Endpoint.Discovery && request.StartsWith("POST ", StringComparison.Ordinal))
                    {
                        requests = requests == 0 ? -1 : requests;
                        await peer.AnswerAsync(200, Peer.Token, Peer.Json);
                        continue;
                    }

                    requests = Math.Max(requests, 0) + 1;
                    Interlocked.Increment(ref _tries);
                    await _fault.Answer(peer);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException or AuthenticationException)
        {
            // The client has gone, or does not trust the certificate: what is tested.
        }

        if (requests == 0)
        {
            Interlocked.Increment(ref _tries);
        }
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
