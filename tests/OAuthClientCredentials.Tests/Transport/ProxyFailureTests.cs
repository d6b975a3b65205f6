using System.Net;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A proxy that does not open the connection is named, with its status and what to change.</summary>
public sealed class ProxyFailureTests
{
    private const string Server = "https://id.example.com/token";
    private const string Challenge = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x";
    private const string Login =
        "Set its user name and password in HTTPS_PROXY, percent-encoded, or in the handler of the token HttpClient.";
    private const string Allow = "Allow connections to id.example.com:443 at the proxy, or add the host to NO_PROXY.";
    private const string Reach = "Check that the proxy can reach id.example.com:443, or add the host to NO_PROXY.";

    [Theory]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-352")]
    [InlineData(Challenge, 407, false, Login)]
    [InlineData("302 Found\r\nLocation: http://login.example.com/", 302, false, Allow)]
    [InlineData("400 Bad Request", 400, false, Allow)]
    [InlineData("403 Forbidden", 403, false, Allow)]
    [InlineData("404 Not Found", 404, false, Allow)]
    [InlineData("405 Method Not Allowed", 405, false, Allow)]
    [InlineData("408 Request Timeout", 408, true, Reach)]
    [InlineData("500 Internal Server Error", 500, true, Reach)]
    [InlineData("502 Bad Gateway", 502, true, Reach)]
    [InlineData("503 Service Unavailable", 503, true, Reach)]
    [InlineData("504 Gateway Timeout", 504, true, Reach)]
    public async Task Proxy_is_named_with_its_status_and_the_change(string status, int code, bool isTransient, string remedy)
    {
        using RawServer proxy = RawServer.Responding(status);
        foreach (TokenRequestException exception in await FailAsync(proxy))
        {
            string what = $"the proxy did not open a connection to the server (status {code}). ";
            Assert.Contains(what, exception.Message, StringComparison.Ordinal);
            Assert.Contains(remedy, exception.Message, StringComparison.Ordinal);
            Assert.Equal((ErrorType.Proxy, isTransient), (ErrorType.Of(exception), exception.IsTransient));
            Assert.Equal((HttpStatusCode)code, exception.StatusCode);
        }
    }

    [Fact]
    [Trait("Req", "R-063")]
    public async Task Proxy_that_refuses_the_login_gets_one_attempt()
    {
        using RawServer proxy = RawServer.Responding(Challenge);
        TokenRequestException exception = await FailingClient.FailAsync(
            Server,
            () => Through(proxy.Port, new NetworkCredential("shop", "wrong")));
        Assert.Equal((1, false), (exception.Attempts, exception.IsTransient));

        // One attempt of each of the two clients. .NET sends the login only after it was asked for.
        Assert.InRange(proxy.Connections, 2, 4);
        Assert.DoesNotContain("wrong", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Status_407_to_a_request_without_a_tunnel_is_that_of_the_proxy(bool atDiscovery)
    {
        using RawServer proxy = RawServer.Responding(Challenge);
        Task<TokenRequestException> failing = FailingClient.FailAsync("http://id.example.com/token", () => Through(proxy.Port));
        if (atDiscovery)
        {
            await failing;
            failing = FailingClient.FailAtDiscoveryAsync("http://id.example.com/metadata", () => Through(proxy.Port));
        }

        TokenRequestException exception = await failing;
        Assert.Contains("Set its user name and password in HTTP_PROXY", exception.Message, StringComparison.Ordinal);
        int requests = atDiscovery ? 4 : 2;
        Assert.Equal((407, false, requests), ((int?)exception.StatusCode, exception.IsTransient, proxy.Connections));
    }

    [Fact]
    [Trait("Req", "R-352")]
    public async Task Socks_proxy_that_refuses_the_login_counts_as_407()
    {
        // Version 5, no acceptable method (RFC 1928 section 3).
        using RawServer proxy = new([5, 0xFF]);
        TokenRequestException exception = await FailingClient.FailAsync(Server, () => Through(proxy.Port, scheme: "socks5"));
        Assert.Contains($"(status 407). The proxy requires another login. {Login}", exception.Message, StringComparison.Ordinal);
        Assert.Equal((false, 2), (exception.IsTransient, proxy.Connections));
    }

    [Fact]
    [Trait("Req", "R-352")]
    public async Task Proxy_that_cannot_be_reached_is_named_by_its_address()
    {
        using RawServer proxy = new("");
        int port = proxy.Port;
        proxy.Dispose();
        TokenRequestException exception = await FailingClient.FailAsync(Server, () => Through(port));
        string what = $"the connection to the proxy 127.0.0.1:{port} failed (ConnectionError)";
        Assert.Contains(what, exception.Message, StringComparison.Ordinal);
        Assert.Equal((ErrorType.Connection, true, 2), (ErrorType.Of(exception), exception.IsTransient, exception.Attempts));
    }

    [Theory]
    [Trait("Req", "R-352")]
    [InlineData("SSH-2.0-canary\r\n", "the connection failed (InvalidResponse)")]
    [InlineData("", "the connection failed (ResponseEnded)")]
    public async Task Garbage_of_a_proxy_is_not_quoted(string response, string said)
    {
        using RawServer proxy = new(response);
        TokenRequestException exception = await FailingClient.FailAsync(Server, () => Through(proxy.Port));
        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.True(exception.IsTransient);
    }

    private static async Task<TokenRequestException[]> FailAsync(RawServer proxy) =>
    [
        await FailingClient.FailAsync(Server, () => Through(proxy.Port)),
        await FailingClient.FailAtDiscoveryAsync(Server, () => Through(proxy.Port)),
    ];

    private static SocketsHttpHandler Through(int port, NetworkCredential? login = null, string scheme = "http") =>
        new() { Proxy = new WebProxy($"{scheme}://127.0.0.1:{port}") { Credentials = login } };
}
