using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Each method with each kind of content, over HTTP/1.1 and HTTP/2, with a 401 before or after the content was read.</summary>
public sealed class ReplayMatrixTests : CanaryTests
{
    public static TheoryData<string, string, string, bool> Requests
    {
        get
        {
            TheoryData<string, string, string, bool> data = [];
            foreach (string content in RequestContents.All.Keys)
            {
                foreach (string method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" })
                {
                    data.Add("1.1", method, content, true);
                }

                data.Add("1.1", "POST", content, false);
                data.Add("1.1", "PUT", content, false);
                data.Add("2.0", "POST", content, true);
                data.Add("2.0", "PATCH", content, false);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-120")]
    [MemberData(nameof(Requests))]
    public async Task Only_replayable_content_is_sent_again_byte_for_byte(string version, string method, string content, bool isRead)
    {
        (Func<HttpContent?> create, bool isReplayed, bool isBuffered) = RequestContents.All[content];
        byte[] expected = await RequestContents.BytesOf(content);
        await using TestHost host = await TestHost.StartAsync(
            ApiResponses.Of("401 once"),
            protocols: version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1,
            readsBody: token => isRead || token >= 2);
        HttpClient client = host.CreateClient(options => options.BufferRequestContent = isBuffered);
        client.DefaultRequestVersion = Version.Parse(version);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using HttpRequestMessage request = new(new HttpMethod(method), "orders?page=2") { Content = create() };
        (request.Version, request.VersionPolicy) = (client.DefaultRequestVersion, client.DefaultVersionPolicy);
        using HttpResponseMessage response = await client.SendAsync(request);

        if (isReplayed)
        {
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal([1, 2], host.ApiTokens);
        }
        else
        {
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal([1], host.ApiTokens);
            Assert.Equal(method != "HEAD", await response.Content.ReadAsStringAsync() == ApiResponses.Rejection);
        }

        Assert.All(host.Api.Requests, received => Assert.Equal((method, "/orders?page=2"), (received.Method, received.Target)));
        Assert.All(host.Api.Requests.Where(received => received.Body is not null), received => Assert.Equal(expected, received.Body));

        // The token was rejected, with or without a replay: the next call has the new token, which was requested once.
        using HttpResponseMessage next = await client.GetAsync("orders");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(2, host.TokenRequests);
    }
}
