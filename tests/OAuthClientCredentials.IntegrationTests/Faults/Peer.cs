using System.Net.Sockets;
using System.Text;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>The server's end of one connection: what a fault can do with it.</summary>
internal sealed class Peer(Socket socket, Stream stream, string origin, string elsewhere, Endpoint endpoint, CancellationToken end)
{
    public const string Json = "Content-Type: application/json\r\n";

    public const string Token = """{"access_token":"canary-token","token_type":"Bearer","expires_in":3600}""";

    private readonly byte[] _buffer = new byte[8 * 1024];
    private string _rest = "";

    public string Origin => origin;

    /// <summary>Another origin, to which nothing may go.</summary>
    public string Elsewhere => elsewhere;

    /// <summary>What this endpoint would send if nothing were wrong.</summary>
    public string Good => endpoint == Endpoint.Token ? Token : $$"""{"issuer":"{{origin}}","token_endpoint":"{{origin}}/token","jwks_uri":"{{elsewhere}}/jwks","note":"canary-token"}""";

    /// <summary>The last request, as it came.</summary>
    public string Request { get; private set; } = "";

    public async Task<string?> ReadRequestAsync()
    {
        int length;
        while ((length = LengthOf(_rest)) < 0)
        {
            int read = await stream.ReadAsync(_buffer, end);
            if (read == 0)
            {
                return null;
            }

            _rest += Encoding.Latin1.GetString(_buffer, 0, read);
        }

        Request = _rest[..length];
        _rest = _rest[length..];
        return Request;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes, end).AsTask();

    public Task AnswerAsync(int status, string body, string headers) => AnswerAsync(status, Encoding.UTF8.GetBytes(body), headers);

    public async Task AnswerAsync(int status, ReadOnlyMemory<byte> body, string headers)
    {
        await SendAsync($"HTTP/1.1 {status} X\r\n{headers}Content-Length: {body.Length}\r\n\r\n");
        await SendAsync(body);
    }

    /// <summary>Ends the connection in order.</summary>
    public Task CloseAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        return HangAsync();
    }

    /// <summary>Ends the connection with an RST.</summary>
    public Task ResetAsync()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
        return Task.CompletedTask;
    }

    /// <summary>Says nothing more until the client goes.</summary>
    public async Task HangAsync()
    {
        while (await stream.ReadAsync(_buffer, end) > 0)
        {
        }

        socket.Close();
    }

    private static int LengthOf(string text)
    {
        int head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
        if (head < 4)
        {
            return -1;
        }

        int field = text.IndexOf("Content-Length: ", 0, head, StringComparison.OrdinalIgnoreCase);
        int length = field < 0 ? head : head + int.Parse(text.AsSpan(field + 16, text.IndexOf('\r', field) - field - 16), provider: null);
        return text.Length < length ? -1 : length;
    }
}
