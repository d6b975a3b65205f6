using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Method by content by moment of the 401 by protocol: what is sent again is the same byte for byte, and what cannot be is not.</summary>
public sealed class ReplayMatrixTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    public static TheoryData<string, string, string, string> Cells
    {
        get
        {
            TheoryData<string, string, string, string> data = [];
            foreach (string body in Bodies.All.Keys)
            {
                foreach (string method in new[] { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" })
                {
                    data.Add("HTTP/1.1", method, body, "401 once");
                }

                data.Add("HTTP/1.1", "POST", body, "401 once, unread");
                data.Add("HTTP/1.1", "PUT", body, "401 once, unread");
                data.Add("HTTP/2", "POST", body, "401 once");
                data.Add("HTTP/2", "PATCH", body, "401 once, unread");
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-120")]
    [MemberData(nameof(Cells))]
    public async Task What_can_be_sent_again_is_sent_again_byte_for_byte_and_nothing_else_is(string protocol, string method, string body, string answer)
    {
        (Func<HttpContent?> make, bool isReplayed, bool isBuffered) = Bodies.All[body];
        byte[] expected = await Bodies.BytesOf(body);
        await using Scene scene = ground.Open(Answers.Of(answer));
        HttpClient client = scene.Client(options => options.BufferRequestContent = isBuffered, place: protocol == "HTTP/2" ? Place.ApiHttp2 : Place.Api);
        using HttpResponseMessage response = await client.SendAsync(Request(protocol, method, "orders?page=2", make()));

        Assert.Equal(isReplayed ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(isReplayed || method == "HEAD" ? "" : Answers.Refusal, await response.Content.ReadAsStringAsync());
        Assert.Equal(isReplayed ? [1, 2] : [1], scene.AtApi.Select(arrival => arrival.Token));
        Assert.All(scene.AtApi, arrival => Assert.Equal((method, "/orders"), (arrival.Method, arrival.Path[arrival.Path.LastIndexOf('/')..])));
        Assert.All(scene.AtApi.Where(arrival => arrival.Body is not null), arrival => Assert.Equal(expected, arrival.Body));

        // Rejected is rejected, replayed or not: the next call has the new token, which was requested once.
        using HttpResponseMessage next = await client.SendAsync(Request(protocol, "GET", "orders", null));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        Assert.Equal(2, scene.TokenRequests);
    }

    private static HttpRequestMessage Request(string protocol, string method, string address, HttpContent? content) => new(new HttpMethod(method), address)
    {
        Content = content,
        Version = protocol == "HTTP/2" ? HttpVersion.Version20 : HttpVersion.Version11,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };
}
