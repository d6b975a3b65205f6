using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Each 401 of an API is counted once, with its outcome.</summary>
[Trait("Req", "R-320")]
public sealed class RejectionMetricTests
{
    [Fact]
    public async Task A_401_after_which_the_new_token_is_accepted_counts_as_renewed()
    {
        TestAuthorizationServer server = new();
        await using ApiClient api = new(server, ApiClient.RejectFirstToken);
        Assert.Equal(["renewed"], await CountAsync(api));
    }

    [Fact]
    public async Task A_401_of_the_new_token_counts_as_still_unauthorized_and_then_as_rationed()
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        await using ApiClient api = new(server, _ => ApiClient.Respond(401));
        Assert.Equal(["still_unauthorized", "rationed"], await CountAsync(api, calls: 2));
    }

    [Theory]
    [InlineData("POST", "not_replayable")]
    [InlineData("GET", "renewed")]
    public async Task A_401_of_a_request_that_cannot_be_sent_again_is_not_replayable(string method, string outcome)
    {
        TestAuthorizationServer server = new();
        await using ApiClient api = new(
            server,
            ApiClient.RejectFirstToken,
            options => options.ReplayNonIdempotentMethods = false);
        Assert.Equal([outcome], await CountAsync(api, method: method));
    }

    [Fact]
    public async Task A_401_that_calls_for_no_renewal_is_not_renewable()
    {
        TestAuthorizationServer server = new();
        await using ApiClient api = new(server, _ => ApiClient.Respond(401, "Bearer error=\"insufficient_scope\""));
        Assert.Equal(["not_renewable"], await CountAsync(api));
    }

    [Fact]
    public async Task A_request_with_the_token_of_another_client_counts_under_the_handlers_client()
    {
        TestAuthorizationServer server = new();
        await using ApiClient api = new(
            server,
            _ => ApiClient.Respond(401, "Bearer error=\"insufficient_scope\""),
            outside: builder => TestProvider.AddClient(builder.Services, "tenant-1"));
        Assert.Equal(["not_renewable"], await CountAsync(api, client: "tenant-1"));
    }

    [Theory]
    [InlineData("fails at once")]
    [InlineData("fails later")]
    [InlineData("is canceled")]
    public async Task A_401_whose_replay_breaks_counts_as_a_failed_replay(string replay)
    {
        TestAuthorizationServer server = new();
        Exception failure = replay == "is canceled" ? new TaskCanceledException() : new HttpRequestException("down");
        await using ApiClient api = new(server, async request =>
        {
            if (request.Headers.Authorization!.Parameter == "token-1")
            {
                return await ApiClient.Respond(401);
            }

            if (replay != "fails at once")
            {
                await Task.Run(() => { });
            }

            throw failure;
        });
        Assert.Equal(["replay_failed"], await CountAsync(api));
    }

    [Fact]
    public async Task A_401_whose_renewal_the_caller_cancels_counts_as_a_failed_replay()
    {
        using CancellationTokenSource cancellation = new();
        TestAuthorizationServer server = new();
        await using ApiClient api = new(server, _ =>
        {
            cancellation.Cancel();
            return ApiClient.Respond(401);
        });
        Assert.Equal(["replay_failed"], await CountAsync(api, cancellation: cancellation.Token));
    }

    private static async Task<string[]> CountAsync(
        ApiClient api,
        int calls = 1,
        string method = "GET",
        string? client = null,
        CancellationToken cancellation = default)
    {
        using Measurements measured = new(api.Services);
        for (int call = 0; call < calls; call++)
        {
            using HttpRequestMessage request = new(new HttpMethod(method), "/");
            if (client is not null)
            {
                request.SetTokenClient(client);
            }

            await Record.ExceptionAsync(async () => (await api.Http.SendAsync(request, cancellation)).Dispose());
        }

        const string Start = "oauth.client.unauthorized_responses{oauth.client.name=orders, oauth.client.http_client.name=api, "
            + "oauth.client.unauthorized_response.outcome=";
        string[] counted = [.. measured.Series.Where(series => series.StartsWith("oauth.client.unauthorized", StringComparison.Ordinal))];
        Assert.All(counted, series => Assert.StartsWith(Start, series, StringComparison.Ordinal));
        return [.. counted.Select(series => series[Start.Length..^1])];
    }
}
