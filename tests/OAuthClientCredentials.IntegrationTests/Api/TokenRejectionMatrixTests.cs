using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Which response of an API renews the token, and how many requests that costs.</summary>
public sealed class TokenRejectionMatrixTests : CanaryTests
{
    public static TheoryData<string, string, string> Challenges
    {
        get
        {
            TheoryData<string, string, string> data = [];
            foreach (string challenge in ApiResponses.Challenges.Keys)
            {
                data.Add(challenge, "GET", "none");
                data.Add(challenge, "POST", "bytes");
                data.Add(challenge, "PUT", "pipe, buffered");
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-130")]
    [Trait("Req", "R-131")]
    [Trait("Req", "R-132")]
    [MemberData(nameof(Challenges))]
    public async Task A_401_renews_the_token_unless_its_challenge_rules_that_out(string challenge, string method, string content)
    {
        (bool renews, string[] header) = ApiResponses.Challenges[challenge];
        await using TestHost host = await TestHost.StartAsync(ApiResponses.RejectBefore(2, header));
        HttpClient client = host.CreateClient(options => options.BufferRequestContent = true);
        using HttpResponseMessage response = await SendAsync(client, method, content);
        int[] tokens = renews ? [1, 2] : [1];
        Assert.Equal(tokens, host.ApiTokens);
        Assert.Equal(tokens.Length, host.TokenRequests);
        Assert.Equal(renews, response.IsSuccessStatusCode);
        await AssertBodiesAsync(content, host);
    }

    public static TheoryData<string, string, string, int, int[]> Responses
    {
        get
        {
            TheoryData<string, string, string, int, int[]> data = [];
            (string Method, string Content)[] requests =
            [
                ("GET", "none"),
                ("POST", "seekable stream"),
                ("PUT", "json of an object"),
                ("PATCH", "custom, buffered"),
                ("DELETE", "none"),
            ];
            foreach ((string method, string content) in requests)
            {
                // The status of the third call, and the tokens that the API received in three calls.
                data.Add("200", method, content, 200, [1, 1, 1]);
                data.Add("403", method, content, 403, [1, 1, 1]);
                data.Add("503", method, content, 503, [1, 1, 1]);
                data.Add("401 once", method, content, 200, [1, 2, 2, 2]);
                data.Add("401 twice", method, content, 401, [1, 2, 2, 2]);
                data.Add("401 always", method, content, 401, [1, 2, 2, 2]);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-118")]
    [MemberData(nameof(Responses))]
    public async Task Three_calls_renew_a_rejected_token_once(string api, string method, string content, int status, int[] tokens)
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of(api));
        HttpClient client = host.CreateClient(options => options.BufferRequestContent = true);
        for (int call = 0; call < 3; call++)
        {
            using HttpResponseMessage response = await SendAsync(client, method, content);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(status == 401 ? ApiResponses.Rejection : "", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(tokens, host.ApiTokens);
        Assert.Equal(tokens.Max(), host.TokenRequests);
        await AssertBodiesAsync(content, host);
    }

    private static async Task AssertBodiesAsync(string content, TestHost host)
    {
        byte[] expected = await RequestContents.BytesOf(content);
        Assert.All(host.Api.Requests, received => Assert.Equal(expected, received.Body));
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string content) =>
        client.SendAsync(new(new HttpMethod(method), "orders") { Content = RequestContents.All[content].Create() });
}
