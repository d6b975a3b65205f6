using OAuthClientCredentials.IntegrationTests.Canaries;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>How many requests the servers receive in an outage, with each kind of retry around the handler.</summary>
public sealed class AmplificationTests(ITestOutputHelper output) : CanaryTests
{
    /// <summary>What fails, the retries, the calls, the maximum of API requests of one call and of token requests of all calls.</summary>
    public static TheoryData<string, string, int, int, int> Outages
    {
        get
        {
            TheoryData<string, string, int, int, int> data = [];
            foreach (string outer in OuterHandlers.Names)
            {
                int sends = OuterHandlers.AttemptsOf(outer) * 2;
                foreach (int calls in new[] { 1, 50 })
                {
                    data.Add("API: 401 always", outer, calls, sends, 2);
                    data.Add("API: 503", outer, calls, sends, 1);
                    data.Add("API: 401 for each token's first call, then 503", outer, calls, sends, 2);
                    data.Add("tokens: 503", outer, calls, 0, 3);
                    data.Add("tokens: invalid_client", outer, calls, 0, 1);
                    data.Add("tokens: hanging", outer, calls, 0, 3);
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
    [MemberData(nameof(Outages))]
    public async Task Retries_multiply_requests_up_to_a_bound(string failing, string outer, int calls, int maxSends, int maxTokenRequests)
    {
        await using TestHost host = await TestHost.StartAsync(Api(failing));
        host.TokenResponse = Tokens(failing);
        HttpClient client = host.CreateClient(
            outer: builder => OuterHandlers.Add(builder, outer),
            configureClient: options =>
            {
                options.MaxRetries = 2;
                options.AttemptTimeout = TimeSpan.FromMilliseconds(100);
                options.Timeout = TimeSpan.FromMilliseconds(failing == "tokens: hanging" ? 400 : 30_000);
            });
        int sends = 0;
        for (int call = 0; call < calls; call++)
        {
            int before = host.Api.Requests.Count;
            await Record.ExceptionAsync(async () => (await client.GetAsync("orders")).Dispose());
            sends = Math.Max(sends, host.Api.Requests.Count - before);
        }

        output.WriteLine($"API requests for one call: {sends} of {maxSends}; token requests: {host.TokenRequests} of {maxTokenRequests}.");
        Assert.InRange(sends, Math.Min(1, maxSends), maxSends);
        Assert.InRange(host.TokenRequests, 1, maxTokenRequests);
        Assert.All(host.ApiTokens, token => Assert.NotEqual(0, token));
    }

    private static ApiResponse Api(string failing)
    {
        HashSet<int> seen = [];
        return failing switch
        {
            "API: 401 always" => ApiResponses.Of("401 always"),
            "API: 503" => ApiResponses.Of("503"),
            "API: 401 for each token's first call, then 503" => (context, token) =>
            {
                lock (seen)
                {
                    context.Response.StatusCode = seen.Add(token) ? 401 : 503;
                }

                return Task.CompletedTask;
            }
            ,
            _ => ApiResponses.Of("200"),
        };
    }

    private static RequestDelegate? Tokens(string failing) => failing switch
    {
        "tokens: 503" => context => WriteAsync(context, 503, ""),
        "tokens: invalid_client" => context => WriteAsync(context, 401, """{"error":"invalid_client"}"""),
        "tokens: hanging" => context => Task.Delay(Timeout.Infinite, context.RequestAborted),
        _ => null,
    };

    private static Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body);
    }
}
