using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
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
        provider.Server.Always(succeeds ? TestResponse.Token() : TestResponse.Error("invalid_client"));
        using ActivitySource source = new("Application");
        ActivityContext caller;
        using (Activity call = source.StartActivity("call")!)
        {
            caller = call.Context;
            await Record.ExceptionAsync(() => provider.GetAsync());
        }

        await Eventually.True(() => _activities.Any(activity => activity.OperationName == "oauth.token_request"));
        Activity request = Assert.Single(_activities, activity => activity.OperationName == "oauth.token_request");
        Assert.Null(request.Parent);
        Assert.Equal(default, request.ParentSpanId);
        Assert.NotEqual(caller.TraceId, request.TraceId);
        Assert.Equal(caller, Assert.Single(request.Links).Context);
        Assert.Equal(["oauth.client_credentials.client", "oauth.client_credentials.reason"], request.TagObjects.Select(tag => tag.Key));
        Assert.Equal(succeeds ? ActivityStatusCode.Unset : ActivityStatusCode.Error, request.Status);
        Assert.Empty(request.Baggage);
    }
}
