using System.Net;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>
/// What an API says by what was sent to it: when a token is renewed, when a request is sent again, and how often at most.
/// </summary>
public sealed class VerdictMatrixTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    // A new token does not help against these.
    private static readonly string[] Final = ["insufficient_scope", "error in a description", "invalid_request", "step-up"];

    public static TheoryData<string, string, string, bool> Challenges
    {
        get
        {
            TheoryData<string, string, string, bool> data = [];
            foreach (string challenge in Answers.Challenges.Keys)
            {
                data.Add(challenge, "GET", "none", !Final.Contains(challenge));
                data.Add(challenge, "POST", "bytes", !Final.Contains(challenge));
                data.Add(challenge, "PUT", "pipe, buffered", !Final.Contains(challenge));
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
    public async Task Only_a_challenge_that_a_new_token_could_meet_has_the_request_sent_again(
        string challenge,
        string method,
        string body,
        bool isMet)
    {
        await using Scene scene = ground.Open(Answers.Refuse(token => token < 2, Answers.Challenges[challenge]));
        using HttpResponseMessage response = await SendAsync(scene.Client(options => options.BufferRequestContent = true), method, body);
        Assert.Equal(isMet ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(isMet ? [1, 2] : [1], scene.AtApi.Select(arrival => arrival.Token));
        Assert.Equal(isMet ? 2 : 1, scene.TokenRequests);
        await AllAreAsync(body, scene);
    }

    private static readonly (string Method, string Body)[] Requests =
    [
        ("GET", "none"),
        ("POST", "seekable stream"),
        ("PUT", "json of an object"),
        ("PATCH", "custom, buffered"),
        ("DELETE", "none"),
    ];

    public static TheoryData<string, string, string, int[], int> Verdicts
    {
        get
        {
            TheoryData<string, string, string, int[], int> data = [];
            foreach ((string method, string body) in Requests)
            {
                // Three calls each: the tokens that the API saw, and the token requests that this cost.
                data.Add("200", method, body, [1, 1, 1], 1);
                data.Add("403", method, body, [1, 1, 1], 1);
                data.Add("503", method, body, [1, 1, 1], 1);
                data.Add("401 once", method, body, [1, 2, 2, 2], 2);
                data.Add("401 twice", method, body, [1, 2, 2, 2], 2);
                data.Add("401 always", method, body, [1, 2, 2, 2], 2);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-118")]
    [MemberData(nameof(Verdicts))]
    public async Task Three_calls_cost_what_the_answer_warrants(string answer, string method, string body, int[] tokens, int tokenRequests)
    {
        await using Scene scene = ground.Open(Answers.Of(answer));
        HttpClient client = scene.Client(options => options.BufferRequestContent = true);
        for (int call = 0; call < 3; call++)
        {
            using HttpResponseMessage response = await SendAsync(client, method, body);
            int expected = answer switch
            {
                "401 once" => 200,
                "401 twice" or "401 always" => 401,
                _ => int.Parse(answer, System.Globalization.CultureInfo.InvariantCulture),
            };
            Assert.Equal(expected, (int)response.StatusCode);
            Assert.Equal(answer is "401 twice" or "401 always" ? Answers.Refusal : "", await response.Content.ReadAsStringAsync());
        }

        Assert.Equal(tokens, scene.AtApi.Select(arrival => arrival.Token));
        Assert.Equal(tokenRequests, scene.TokenRequests);
        await AllAreAsync(body, scene);
    }

    private static async Task AllAreAsync(string body, Scene scene)
    {
        byte[] expected = await Bodies.BytesOf(body);
        Assert.All(scene.AtApi, arrival => Assert.Equal(expected, arrival.Body));
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string body) =>
        client.SendAsync(new(new HttpMethod(method), "orders") { Content = Bodies.All[body].Make() });
}
