using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Redirects of every kind, to the same and to another origin, with every kind of retry around: no token crosses over, and no request is sent twice by us.</summary>
public sealed class RedirectMatrixTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    public static TheoryData<int, bool, string, string, string> Cells
    {
        get
        {
            TheoryData<int, bool, string, string, string> data = [];
            foreach (int status in new[] { 301, 302, 303, 307, 308 })
            {
                foreach (string outside in Outside.Names)
                {
                    data.Add(status, true, "GET", "401 always", outside);
                    data.Add(status, true, "POST", "401 once", outside);
                    data.Add(status, false, "GET", "503", outside);
                    data.Add(status, false, "POST", "401 always", outside);
                    data.Add(status, false, "PUT", "200", outside);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-113")]
    [Trait("Req", "R-121")]
    [Trait("Req", "R-123")]
    [MemberData(nameof(Cells))]
    public async Task No_token_crosses_over_and_a_redirected_request_is_not_sent_again(int status, bool sameOrigin, string method, string then, string outside)
    {
        Scene? scene = null;
        Answer moved = Answers.Of(then);
        scene = ground.Open(Answers.Redirect(status, () => scene!.At(sameOrigin ? Place.Api : Place.Other), moved), moved);
        await using Scene disposed = scene;
        byte[] expected = method == "GET" ? [] : await Bodies.BytesOf("bytes");
        using HttpRequestMessage request = new(new HttpMethod(method), "orders") { Content = method == "GET" ? null : Bodies.All["bytes"].Make() };
        await Record.ExceptionAsync(async () => (await scene.Client(outside: Outside.Of(outside)).SendAsync(request)).Dispose());

        Assert.All(scene.AtOther, arrival => Assert.Equal(0, arrival.Token));
        Assert.Equal(!sameOrigin, scene.AtOther.Any());

        // Where it was redirected to, the request is either whole or, as the platform has it for some codes, a GET without content.
        Assert.All(scene.Arrivals, arrival => Assert.Equal(arrival.Method == "GET" ? [] : expected, arrival.Body));
        Assert.Equal(0, scene.Arrivals.First(arrival => arrival.Path.EndsWith("/moved", StringComparison.Ordinal)).Token);
        int attempts = outside == "nothing" ? 1 : Outside.Attempts;
        Assert.InRange(scene.AtApi.Count(arrival => arrival.Token > 0), 1, attempts * 2);
        Assert.InRange(scene.TokenRequests, 1, 2);
        if (outside == "nothing")
        {
            Assert.Equal([("/orders", 1), ("/moved", 0)], scene.Arrivals.Select(arrival => (arrival.Path[arrival.Path.LastIndexOf('/')..], arrival.Token)));
            Assert.Equal(1, scene.TokenRequests);
        }
    }

    [Fact]
    [Trait("Req", "R-113")]
    public async Task Where_redirects_are_turned_off_the_redirect_itself_is_the_answer()
    {
        Scene? scene = null;
        scene = ground.Open(Answers.Redirect(302, () => scene!.At(Place.Other), Answers.Of("200")));
        await using Scene disposed = scene;
        HttpClient client = scene.Client(outside: builder => builder.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false }));
        using HttpResponseMessage response = await client.GetAsync("orders");
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Empty(scene.AtOther);
    }
}
