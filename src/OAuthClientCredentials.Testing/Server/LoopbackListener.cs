using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Brings requests from a free loopback port to the server, and its answers back.</summary>
internal sealed class LoopbackListener : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _serving;

    public LoopbackListener(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        Address = new Uri($"http://localhost:{FreePort()}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _serving = ServeAsync(answer);
    }

    public Uri Address { get; }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Close();
        await _serving.ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task ServeAsync(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync().ConfigureAwait(false);
                _ = AnswerAsync(context, answer);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> answer)
    {
        try
        {
            using HttpRequestMessage request = Read(context.Request);
            using HttpResponseMessage response = await answer(request, _stopping.Token).ConfigureAwait(false);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
            foreach ((string name, IEnumerable<string> values) in response.Headers)
            {
                context.Response.Headers[name] = string.Join(", ", values);
            }

            await response.Content.CopyToAsync(context.Response.OutputStream, _stopping.Token).ConfigureAwait(false);
            context.Response.Close();
        }
        catch (Exception exception) when (exception is HttpRequestException or HttpListenerException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            Cut(context.Response);
        }
    }

    // What refuses a connection without a socket cuts it here. Some systems send the headers even then, so they promise a body that never comes.
    private static void Cut(HttpListenerResponse response)
    {
        try
        {
            response.ContentLength64 = 1;
            response.Abort();
        }
        catch (Exception exception) when (exception is InvalidOperationException or HttpListenerException)
        {
            // It was under way or closed already.
        }
    }

    private static HttpRequestMessage Read(HttpListenerRequest incoming)
    {
        HttpRequestMessage request = new(new HttpMethod(incoming.HttpMethod), incoming.Url) { Content = new StreamContent(incoming.InputStream) };
        request.Headers.Authorization = AuthenticationHeaderValue.TryParse(incoming.Headers["Authorization"], out AuthenticationHeaderValue? authorization) ? authorization : null;
        return request;
    }

    private static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
