using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Serves the test server or the test API on a port.</summary>
internal sealed class PortListener : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> _respond;
    private readonly TimeProvider _timeProvider;
    private readonly Task _serving;

    public PortListener(
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> respond,
        TimeProvider timeProvider,
        int port,
        string host)
    {
        _respond = respond;
        _timeProvider = timeProvider;
        Address = new Uri($"http://{host}:{(port == 0 ? FindFreePort() : port)}/");
        string hosts = host == "localhost" ? host : "*";
        _listener.Prefixes.Add($"http://{hosts}:{Address.Port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Close();
        await _serving.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static int FindFreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync().ConfigureAwait(false);
                _ = RespondAsync(context);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RespondAsync(HttpListenerContext context)
    {
        try
        {
            using HttpRequestMessage request = CreateRequest(context.Request);
            using HttpResponseMessage response = await _respond(request, _stopping.Token).ConfigureAwait(false);
            await WriteAsync(response, context.Response).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The response may be code of a test that throws. The client must not wait for it (R-331).
            CloseConnection(context.Response);
        }
    }

    private static HttpRequestMessage CreateRequest(HttpListenerRequest incoming)
    {
        HttpRequestMessage request = new(new HttpMethod(incoming.HttpMethod), incoming.Url);
        request.Content = new StreamContent(incoming.InputStream);
        foreach (string name in incoming.Headers.AllKeys.OfType<string>())
        {
            bool isOfContent = name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase);
            HttpHeaders headers = isOfContent ? request.Content.Headers : request.Headers;
            headers.Add(name, incoming.Headers[name]);
        }

        return request;
    }

    private async Task WriteAsync(HttpResponseMessage response, HttpListenerResponse outgoing)
    {
        outgoing.StatusCode = (int)response.StatusCode;
        outgoing.ContentType = response.Content.Headers.ContentType?.ToString();

        // The platform's Date would be that of the system clock.
        outgoing.Headers["Date"] = _timeProvider.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        foreach ((string name, IEnumerable<string> values) in response.Headers)
        {
            outgoing.Headers[name] = string.Join(", ", values);
        }

        // With a length the response ends with its content. The end of a chunked response may follow after the client's next request.
        byte[] content = await response.Content.ReadAsByteArrayAsync(_stopping.Token).ConfigureAwait(false);
        outgoing.ContentLength64 = content.Length;
        await outgoing.OutputStream.WriteAsync(content, _stopping.Token).ConfigureAwait(false);
        outgoing.Close();
    }

    // A connection that the in-memory handler refuses is closed here. Some systems send the headers nevertheless, so the headers promise
    // one byte that never follows, and the client sees an incomplete response.
    private static void CloseConnection(HttpListenerResponse response)
    {
        try
        {
            response.ContentLength64 = 1;
            response.Abort();
        }
        catch (Exception exception) when (exception is InvalidOperationException or HttpListenerException)
        {
            // The headers were sent already, or the connection is closed.
        }
    }
}
