using System.Buffers;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>The exact edges of the rules of the wire.</summary>
public sealed class EdgesTests
{
    [Theory]
    [Trait("Req", "R-182")]
    [InlineData("0.0.0.0", true)]
    [InlineData("10.1.2.3", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("127.0.0.1", true)]
    [InlineData("172.15.0.1", false)]
    [InlineData("172.16.0.1", true)]
    [InlineData("172.31.0.1", true)]
    [InlineData("172.32.0.1", false)]
    [InlineData("192.168.0.1", true)]
    [InlineData("192.169.0.1", false)]
    [InlineData("169.254.169.254", true)]
    [InlineData("169.253.0.1", false)]
    [InlineData("100.63.0.1", false)]
    [InlineData("100.64.0.1", true)]
    [InlineData("100.127.0.1", true)]
    [InlineData("100.128.0.1", false)]
    [InlineData("8.8.8.8", false)]
    [InlineData("[::1]", true)]
    [InlineData("[::]", true)]
    [InlineData("[fe80::1]", true)]
    [InlineData("[fec0::1]", true)]
    [InlineData("[fd00::1]", true)]
    [InlineData("[2001:4860::1]", false)]
    [InlineData("[0a00::1]", false)]
    [InlineData("[::ffff:10.0.0.1]", true)]
    [InlineData("[::ffff:8.8.8.8]", false)]
    [InlineData("localhost", true)]
    [InlineData("a.localhost", true)]
    [InlineData("id.example.com", false)]
    public void An_address_is_private_or_not(string host, bool isPrivate) => Assert.Equal(isPrivate, EndpointRules.IsPrivate(new($"https://{host}/")));

    [Fact]
    [Trait("Req", "R-002")]
    [Trait("Req", "R-008")]
    [Trait("Req", "R-009")]
    [Trait("Req", "R-010")]
    public void The_transport_does_nothing_by_itself_from_the_start()
    {
        using SocketsHttpHandler handler = TokenTransport.Create();
        Assert.False(handler.AllowAutoRedirect);
        Assert.False(handler.UseCookies);
        Assert.Equal(DecompressionMethods.None, handler.AutomaticDecompression);
        Assert.InRange(handler.PooledConnectionLifetime, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5));
    }

    [Theory]
    [Trait("Req", "R-002")]
    [InlineData(true, false, DecompressionMethods.None)]
    [InlineData(false, true, DecompressionMethods.None)]
    [InlineData(false, false, DecompressionMethods.GZip)]
    public void One_freedom_of_a_handler_is_taken_as_well_as_all(bool redirect, bool cookies, DecompressionMethods decompression)
    {
        using SocketsHttpHandler sockets = new() { AllowAutoRedirect = redirect, UseCookies = cookies, AutomaticDecompression = decompression, MaxResponseDrainSize = 0 };
        using HttpClientHandler classic = new() { AllowAutoRedirect = redirect, UseCookies = cookies, AutomaticDecompression = decompression };
        TokenTransport.Harden(sockets, "api", NullLogger.Instance);
        TokenTransport.Harden(classic, "api", NullLogger.Instance);
        Assert.Equal(
            (false, false, DecompressionMethods.None),
            (sockets.AllowAutoRedirect, sockets.UseCookies, sockets.AutomaticDecompression));
        Assert.Equal(
            (false, false, DecompressionMethods.None),
            (classic.AllowAutoRedirect, classic.UseCookies, classic.AutomaticDecompression));
    }

    [Theory]
    [Trait("Req", "R-063")]
    [InlineData("invalid_client")]
    [InlineData("unauthorized_client")]
    [InlineData("invalid_scope")]
    [InlineData("invalid_request")]
    [InlineData("unsupported_grant_type")]
    [InlineData("invalid_target")]
    [InlineData("invalid_grant")]
    [InlineData("invalid_authorization_details")]
    public async Task A_5xx_is_transient_whatever_its_JSON_says(string error)
    {
        using OneClient client = OneClient.Answering($$"""{"error":"{{error}}"}""", HttpStatusCode.ServiceUnavailable);
        Assert.True((await client.FailAsync()).IsTransient);
    }

    [Theory]
    [Trait("Req", "R-001")]
    [InlineData(300)]
    [InlineData(304)]
    [InlineData(399)]
    public async Task Every_3xx_is_an_error_that_says_redirect(int status)
    {
        using OneClient client = OneClient.Answering("", (HttpStatusCode)status);
        Assert.Contains("redirect", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-005")]
    [Trait("Req", "R-182")]
    [InlineData("a.", 1, "\u2603", true)]
    [InlineData("a.", 150, "\u2603", false)]
    [InlineData("0", 70, "\uff49", false)]
    public void A_host_that_cannot_be_written_in_ASCII_is_no_address(string part, int count, string last, bool isAddress) =>
        Assert.Equal(
            isAddress,
            EndpointRules.Check($"https://{string.Concat(Enumerable.Repeat(part, count))}{last}.id.example.com/token", allowInsecureHttp: false) is null);

    [Theory]
    [Trait("Req", "R-005")]
    [InlineData("https://")]
    [InlineData("https:///token")]
    [InlineData("https://?q")]
    [InlineData("https://:443/token")]
    public void An_address_has_a_host(string address) => Assert.Equal("must be an absolute https address", EndpointRules.Check(address, allowInsecureHttp: false));

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-061")]
    [InlineData("//", "nowhere")]
    [InlineData("///", "nowhere")]
    [InlineData("javascript:alert(1)", "nowhere")]
    [InlineData("https://secret.example.org/a", "https://***.example.org")]
    [InlineData("https://user@example.org/a", "another place")]
    [InlineData("/a", "https://id.example.com")]
    public async Task A_redirect_may_name_anything_and_its_origin_is_told_with_care(string location, string told)
    {
        using OneClient client = new(OneClient.Scripted(TestResponse.Custom(() =>
        {
            HttpResponseMessage response = new(HttpStatusCode.Found);
            response.Headers.TryAddWithoutValidation("Location", location);
            return response;
        })));
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            $"the response is a redirect (302) to {told}, which is never followed",
            exception.Message,
            StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-217")]
    public async Task A_pooled_buffer_is_handed_back_empty()
    {
        byte[] canary = "canary-token"u8.ToArray();
        using ByteArrayContent small = new(canary);
        using ByteArrayContent large = new([.. Enumerable.Repeat(canary, 2000).SelectMany(bytes => bytes)]);
        Assert.Equal(canary, await BoundedReader.ReadAsync(small, 256 * 1024, CancellationToken.None));
        Assert.Equal(24_000, (await BoundedReader.ReadAsync(large, 256 * 1024, CancellationToken.None))!.Length);
        foreach (int size in new[] { 4096, 8192, 16384, 32768 })
        {
            byte[] next = ArrayPool<byte>.Shared.Rent(size);
            Assert.True(next.AsSpan().IndexOf(canary) < 0, "A secret stayed in the pool.");
        }
    }

    [Theory]
    [Trait("Req", "R-040")]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task The_limit_counts_to_the_byte(int beyond)
    {
        const int Limit = 5000;
        using ByteArrayContent content = new(new byte[Limit + beyond]);
        Assert.Equal(beyond > 0, await BoundedReader.ReadAsync(content, Limit, CancellationToken.None) is null);
    }

    private sealed class Once(HttpResponseMessage response) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(response);
    }
}
