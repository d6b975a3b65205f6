using System.Net.Sockets;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>The server's end of one connection.</summary>
internal sealed class ServerConnection(Socket socket, Stream stream, FaultServer server, CancellationToken end)
{
    public const string Json = "Content-Type: application/json\r\n";

    public const string Head = "HTTP/1.1 200 OK\r\n" + Json;

    public const string Token = """{"access_token":"canary-token","token_type":"Bearer","expires_in":3600}""";

    private readonly byte[] _buffer = new byte[8 * 1024];
    private string _received = "";

    public string Origin => server.Origin;

    /// <summary>Another origin. No request may reach it.</summary>
    public string OtherOrigin => server.OtherOrigin;

    /// <summary>The body of a valid response of this endpoint.</summary>
    public string ValidBody => server.FaultyEndpoint == Endpoint.Token
        ? Token
        : $$"""{"issuer":"{{Origin}}","token_endpoint":"{{Origin}}/token","jwks_uri":"{{OtherOrigin}}/jwks","note":"canary-token"}""";

    /// <summary>The length of the body of a valid response.</summary>
    public int Length => ValidBody.Length;

    /// <summary>A complete valid response.</summary>
    public string ValidResponse => $"{Head}Content-Length: {Length}\r\n\r\n{ValidBody}";

    /// <summary>The last request, as it was received.</summary>
    public string Request { get; private set; } = "";

    /// <summary>The last request on one line.</summary>
    public string RequestLine => Request.Replace("\r\n", " ", StringComparison.Ordinal);

    public async Task<string?> ReadRequestAsync()
    {
        int length;
        while ((length = LengthOf(_received)) < 0)
        {
            int read = await stream.ReadAsync(_buffer, end);
            if (read == 0)
            {
                return null;
            }

            _received += Encoding.Latin1.GetString(_buffer, 0, read);
        }

        Request = _received[..length];
        _received = _received[length..];
        return Request;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public Task SendAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes, end).AsTask();

    public async Task RespondAsync(int status, ReadOnlyMemory<byte> body, string headers)
    {
        await SendAsync($"HTTP/1.1 {status} X\r\n{headers}Content-Length: {body.Length}\r\n\r\n");
        await SendAsync(body);
    }

    /// <summary>Closes the connection in order.</summary>
    public Task CloseAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        return HangAsync();
    }

    /// <summary>Closes the connection with an RST.</summary>
    public Task ResetAsync()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
        return Task.CompletedTask;
    }

    /// <summary>Sends nothing more until the client closes the connection.</summary>
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

        int length = head;
        int field = text.IndexOf("Content-Length: ", 0, head, StringComparison.OrdinalIgnoreCase);
        if (field >= 0)
        {
            length += int.Parse(text.AsSpan(field + 16, text.IndexOf('\r', field) - field - 16), provider: null);
        }

        return text.Length < length ? -1 : length;
    }
}
