using OAuthClientCredentials.IntegrationTests.Canaries;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>What an outage costs the servers, whatever retries stand around: counted where it arrives.</summary>
public sealed class AmplificationTests(Ground ground, ITestOutputHelper output) : CanaryTests, IClassFixture<Ground>
{
    /// <summary>What fails, what stands around, how many calls; then the most requests that one call makes at the API, and the most token requests of all calls.</summary>
    public static TheoryData<string, string, int, int, int> Table
    {
        get
        {
            TheoryData<string, string, int, int, int> data = [];
            foreach (string outside in Outside.Names)
            {
                int attempts = outside == "nothing" ? 1 : Outside.Attempts;
                foreach (int calls in new[] { 1, 50 })
                {
                    data.Add("API: 401 always", outside, calls, attempts * 2, 2);
                    data.Add("API: 503", outside, calls, attempts * 2, 1);
                    data.Add("API: 401 for each token's first call, then 503", outside, calls, attempts * 2, 2);
                    data.Add("tokens: 503", outside, calls, 0, 3);
                    data.Add("tokens: invalid_client", outside, calls, 0, 1);
                    data.Add("tokens: hanging", outside, calls, 0, 3);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-118")]
    [Trait("Req", "R-123")]
    [Trait("Req", "R-190")]
    [MemberData(nameof(Table))]
    public async Task What_retries_multiply_is_bounded(string failing, string outside, int calls, int sendsPerCall, int tokenRequests)
    {
        await using Scene scene = ground.Open(Api(failing));
        scene.Token = Tokens(failing);
        ServiceProvider application = scene.Build(
            services =>
            {
                IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = scene.At(Place.Api));
                Outside.Of(outside)(builder);
                builder.AddClientCredentialsHandler();
            },
            options => (options.MaxRetries, options.AttemptTimeout, options.Timeout) = (2, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(failing == "tokens: hanging" ? 400 : 30_000)));
        HttpClient client = application.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        int mostSends = 0;
        for (int call = 0; call < calls; call++)
        {
            int before = scene.AtApi.Count();
            await Record.ExceptionAsync(async () => (await client.GetAsync("orders")).Dispose());
            mostSends = Math.Max(mostSends, scene.AtApi.Count() - before);
        }

        output.WriteLine($"| {failing} | {outside} | {calls} | {scene.AtApi.Count()} | {mostSends} (at most {sendsPerCall}) | {scene.TokenRequests} (at most {tokenRequests}) |");
        Assert.InRange(mostSends, sendsPerCall == 0 ? 0 : 1, sendsPerCall);
        Assert.InRange(scene.TokenRequests, 1, tokenRequests);
        Assert.All(scene.AtApi, arrival => Assert.NotEqual(0, arrival.Token));
    }

    private static Answer Api(string failing)
    {
        HashSet<int> seen = [];
        return failing switch
        {
            "API: 401 always" => Answers.Of("401 always"),
            "API: 503" => Answers.Of("503"),
            "API: 401 for each token's first call, then 503" => new(
                (context, token) =>
                {
                    lock (seen)
                    {
                        context.Response.StatusCode = seen.Add(token) ? 401 : 503;
                    }

                    return Task.CompletedTask;
                },
                _ => true),
            _ => Answers.Of("200"),
        };
    }

    private static RequestDelegate? Tokens(string failing) => failing switch
    {
        "tokens: 503" => Write(503, ""),
        "tokens: invalid_client" => Write(401, """{"error":"invalid_client"}"""),
        "tokens: hanging" => context => Task.Delay(Timeout.Infinite, context.RequestAborted),
        _ => null,
    };

    private static RequestDelegate Write(int status, string body) => context =>
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body);
    };
}
