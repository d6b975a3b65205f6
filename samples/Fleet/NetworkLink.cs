using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Fleet;

/// <summary>Forwards connections to the store, until the network is blocked.</summary>
internal sealed class NetworkLink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private readonly int _target;
    private volatile TaskCompletionSource? _block;

    public NetworkLink(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Holds back all data in both directions, as a network that loses every packet.</summary>
    public void Block() => _block = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Unblock()
    {
        TaskCompletionSource? block = _block;
        _block = null;
        block?.SetResult();
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (TcpClient client in _clients)
        {
            client.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ForwardAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The demonstration has ended.
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        _clients.Add(client);
        using TcpClient server = new();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (SocketException)
        {
            // The store is down. The replica sees a closed connection.
        }

        client.Close();
    }

    private async Task CopyAsync(TcpClient from, TcpClient to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer) is > 0 and int count)
            {
                if (_block is { } block)
                {
                    await block.Task;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException)
        {
            // One side has closed its connection.
        }
    }
}
