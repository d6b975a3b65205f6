using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>The activity of a token request.</summary>
[Collection(nameof(Alone))]
public sealed class TracingTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _activities = new();
    private readonly ActivityListener _listener;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "OAuthClientCredentials" or "Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _activities.Enqueue(activity),
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Theory]
    [Trait("Req", "R-093")]
    [Trait("Req", "R-215")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_token_request_has_its_own_trace_linked_to_the_call(bool succeeds)
    {
        await using TestProvider provider = new();
        TaskCompletionSource open = new();
        provider.Server.Always((succeeds ? TestResponse.Token() : TestResponse.Error("invalid_client")).After(open.Task));
        using ActivitySource source = new("Application");
        ActivityContext caller;
        using (Activity call = source.StartActivity("call")!)
        {
            caller = call.Context;
            Task<string> token = provider.GetAsync();
            open.SetResult();
            await Record.ExceptionAsync(() => token);
        }

        await Eventually.True(() => _activities.Any(activity => activity.OperationName == "oauth.token_request"));
        Activity request = Assert.Single(_activities, activity => activity.OperationName == "oauth.token_request");
        Assert.Null(request.Parent);
        Assert.Equal(default, request.ParentSpanId);
        Assert.NotEqual(caller.TraceId, request.TraceId);
        Activity wait = Assert.Single(_activities, activity => activity.OperationName == "oauth.token.wait");
        Assert.Equal([caller, wait.Context], request.Links.Select(link => link.Context));
        string[] onError = succeeds ? [] : ["error.type=invalid_client"];
        Assert.Equal(
            [
                "oauth.client.name=", "oauth.client.token_request.reason=no_token", "server.address=id.example.com",
                "oauth.client.token_request.attempt_count=1", .. onError,
            ],
            request.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"));
        Assert.Equal(succeeds ? ActivityStatusCode.Unset : ActivityStatusCode.Error, request.Status);
        Assert.Empty(request.Baggage);
    }

    [Fact]
    [Trait("Req", "R-366")]
    public async Task A_call_that_waits_has_a_span_of_the_wait_in_its_own_trace()
    {
        await using TestProvider provider = new();
        using ActivitySource source = new("Application");
        using (Activity cold = source.StartActivity("cold")!)
        {
            await provider.GetAsync();
            Activity wait = Assert.Single(_activities, activity => activity.OperationName == "oauth.token.wait");
            Assert.Equal((cold.SpanId, cold.TraceId), (wait.ParentSpanId, wait.TraceId));
            Activity request = Assert.Single(_activities, activity => activity.OperationName == "oauth.token_request");
            Assert.Equal(request.Context, Assert.Single(wait.Links).Context);
            Assert.Same(cold, Activity.Current);
        }

        using (source.StartActivity("warm"))
        {
            await provider.GetAsync();
        }

        Assert.Single(_activities, activity => activity.OperationName == "oauth.token.wait");
    }

    [Fact]
    [Trait("Req", "R-366")]
    public async Task A_renewal_in_the_background_adds_no_span_to_the_calls_trace()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        using ActivitySource source = new("Application");
        ActivityContext caller;
        using (Activity call = source.StartActivity("call")!)
        {
            caller = call.Context;
            await provider.GetAsync();
        }

        await provider.SettleAsync();
        await Eventually.True(() => _activities.Count(activity => activity.OperationName == "oauth.token_request") == 2);
        Activity renewal = _activities.Last(activity => activity.OperationName == "oauth.token_request");
        Assert.Equal("due", renewal.GetTagItem("oauth.client.token_request.reason"));
        Assert.Equal(caller, Assert.Single(renewal.Links).Context);
        Assert.DoesNotContain(_activities, activity => activity.OperationName == "oauth.token.wait");
    }

    [Fact]
    [Trait("Req", "R-321")]
    public async Task A_token_request_is_linked_to_the_calls_that_wait_but_not_to_all()
    {
        await using TestProvider provider = new();
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        using ActivitySource source = new("Application");
        Task[] calls = [.. Enumerable.Range(0, 150).Select(_ => CallAsync())];
        open.SetResult();
        await Task.WhenAll(calls);
        await Eventually.True(() => _activities.Any(activity => activity.OperationName == "oauth.token_request"));
        Activity request = Assert.Single(_activities, activity => activity.OperationName == "oauth.token_request");
        Activity[] waits = [.. _activities.Where(activity => activity.OperationName == "oauth.token.wait")];
        Assert.Equal(150, waits.Length);
        Assert.InRange(request.Links.Count(), 100, 101);
        Assert.All(request.Links.Skip(1), link => Assert.Contains(waits, wait => wait.Context == link.Context));
        Assert.All(waits, wait => Assert.Equal(request.Context, Assert.Single(wait.Links).Context));

        async Task CallAsync()
        {
            using Activity? call = source.StartActivity("call");
            await provider.GetAsync();
        }
    }

    [Fact]
    [Trait("Req", "R-321")]
    public async Task A_call_without_the_cache_has_the_token_request_in_its_own_trace()
    {
        await using TestProvider provider = new();
        using ActivitySource source = new("Application");
        using Activity call = source.StartActivity("call")!;
        await provider.Services.GetRequiredService<TokenClient>().RequestTokenAsync();
        Activity request = Assert.Single(_activities, activity => activity.OperationName == "oauth.token_request");
        Assert.Equal((call.SpanId, "uncached"), (request.ParentSpanId, request.GetTagItem("oauth.client.token_request.reason")));
        Assert.Empty(request.Links);
    }

    [Fact]
    [Trait("Req", "R-321")]
    public async Task No_span_is_recorded_while_a_rejected_credential_is_not_sent()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Error("invalid_client"));
        await provider.FailAsync();
        await provider.FailEveryAsync(TimeSpan.FromSeconds(1), calls: 5);
        Assert.Single(provider.Server.Requests);
        Assert.Single(_activities, activity => activity is { OperationName: "oauth.token_request", Recorded: true });
    }
}
