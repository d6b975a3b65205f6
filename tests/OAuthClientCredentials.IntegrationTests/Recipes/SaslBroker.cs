using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Confluent.Kafka;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The part of a Kafka broker that receives a token: it keeps the message that authenticates the client.</summary>
internal sealed class SaslBroker : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource<string> _received = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SaslBroker()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>What the client sent to authenticate.</summary>
    public Task<string> Received => _received.Task;

    public ProducerConfig Configuration => new()
    {
        BootstrapServers = $"{_listener.LocalEndpoint}",
        SecurityProtocol = SecurityProtocol.SaslPlaintext,
        SaslMechanism = SaslMechanism.OAuthBearer,
    };

    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using TcpClient client = await _listener.AcceptTcpClientAsync();
                await ServeAsync(client.GetStream());
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or IOException)
        {
            _received.TrySetException(exception);
        }
    }

    // The client asks for the versions of the APIs, then for the mechanisms, and then it authenticates.
    private async Task ServeAsync(NetworkStream stream)
    {
        // No error; SaslHandshake (17) 0 to 1, ApiVersions (18) 0 to 3, SaslAuthenticate (36) 0 to 1; no throttling.
        await RespondAsync(stream, [0, 0, 4, 0, 17, 0, 0, 0, 1, 0, 0, 18, 0, 0, 0, 3, 0, 0, 36, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

        // No error; one mechanism.
        await RespondAsync(stream, [0, 0, 0, 0, 0, 1, 0, 11, .. "OAUTHBEARER"u8]);
        _received.TrySetResult(Encoding.ASCII.GetString(await ReadFrameAsync(stream)));
    }

    // A request: API, version, correlation id, ... A response: correlation id, content.
    private static async Task RespondAsync(NetworkStream stream, byte[] content)
    {
        byte[] request = await ReadFrameAsync(stream);
        byte[] response = [0, 0, 0, (byte)(4 + content.Length), .. request.AsSpan(4, 4), .. content];
        await stream.WriteAsync(response);
    }

    private static async Task<byte[]> ReadFrameAsync(NetworkStream stream)
    {
        byte[] length = new byte[4];
        await stream.ReadExactlyAsync(length);
        byte[] content = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await stream.ReadExactlyAsync(content);
        return content;
    }
}
