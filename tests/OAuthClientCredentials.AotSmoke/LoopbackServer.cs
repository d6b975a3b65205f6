using System.Net;
using System.Net.Sockets;
using System.Text;

/// <summary>A token endpoint and an API in one, small enough to be compiled natively: one request a connection.</summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private int _tokenRequests;

    public LoopbackServer()
    {
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}");
        _ = Task.Run(AcceptAsync);
    }

    public Uri Address { get; }

    public int TokenRequests => Volatile.Read(ref _tokenRequests);

    /// <summary>Tokens up to this number are answered with 401.</summary>
    public int RevokedUpTo { get; set; }

    /// <summary>Checks the clients that prove themselves by an assertion.</summary>
    public AssertionCheck? Assertions { get; set; }

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
            NetworkStream stream = client.GetStream();
            string request = await ReadAsync(stream);
            (string status, string body) = request.StartsWith("POST /token", StringComparison.Ordinal) ? AnswerTokenRequest(request) : AnswerApiRequest(request);
            string response = $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n\r\n{body}";
            await stream.WriteAsync(Encoding.UTF8.GetBytes(response));
        }
    }

    public static async Task<string> ReadAsync(Stream stream)
    {
        byte[] buffer = new byte[16 * 1024];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length));
            length += read;
            string text = Encoding.UTF8.GetString(buffer, 0, length);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (read == 0 || (end >= 0 && length - end - 4 >= ContentLength(text)))
            {
                return text;
            }
        }
    }

    private static int ContentLength(string head)
    {
        const string Name = "Content-Length: ";
        int start = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return start < 0 ? 0 : int.Parse(head.AsSpan(start + Name.Length, head.IndexOf('\r', start) - start - Name.Length), null);
    }

    private (string Status, string Body) AnswerTokenRequest(string request)
    {
        int number = Interlocked.Increment(ref _tokenRequests);
        string good = Convert.ToBase64String("shop:right"u8);
        bool isGood = request.Contains("client_assertion=", StringComparison.Ordinal)
            ? Assertions!.IsGood(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])
            : request.Contains($"Authorization: Basic {good}", StringComparison.Ordinal);
        return isGood
            ? ("200 OK", $$"""{"access_token":"token-{{number}}","token_type":"Bearer","expires_in":3600}""")
            : ("401 Unauthorized", """{"error":"invalid_client"}""");
    }

    private (string Status, string Body) AnswerApiRequest(string request)
    {
        const string Bearer = "Authorization: Bearer token-";
        int start = request.IndexOf(Bearer, StringComparison.Ordinal);
        bool isGood = start > 0 && int.Parse(request.AsSpan(start + Bearer.Length, request.IndexOf('\r', start) - start - Bearer.Length), null) > RevokedUpTo;
        return isGood ? ("200 OK", "{}") : ("401 Unauthorized", "");
    }
}
