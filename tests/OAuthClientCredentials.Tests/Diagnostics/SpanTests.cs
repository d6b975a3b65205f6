using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Spans with links to nowhere, and spans that never end.</summary>
[Collection(nameof(Alone))]
public sealed class SpanTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _started = new();
    private readonly ConcurrentQueue<Activity> _stopped = new();
    private readonly ActivityListener _listener;

    public SpanTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "OAuthClientCredentials" or "Application",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _started.Enqueue,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Wait_is_not_linked_to_a_span_that_was_discarded()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "");
            services.AddSingleton<ISharedTokenCache>(new FullCache());
        });
        using ActivitySource source = new("Application");
        using (source.StartActivity("call"))
        {
            await provider.GetAsync();
        }

        Activity wait = Assert.Single(_stopped, activity => activity.OperationName == "oauth.token.wait");
        ActivitySpanId[] recorded = [.. _stopped.Where(activity => activity.Recorded).Select(activity => activity.SpanId)];
        Assert.All(wait.Links, link => Assert.Contains(link.Context.SpanId, recorded));
    }

    [Fact]
    public async Task Spans_inside_a_discarded_span_have_a_recorded_parent()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "");
            services.AddSingleton<ISharedTokenCache>(new FullCache());
        });
        await provider.GetAsync();
        Activity store = Assert.Single(_stopped, activity => activity.OperationName == "store");
        Activity? parent = _stopped.SingleOrDefault(activity => activity.SpanId == store.ParentSpanId);
        Assert.True(parent is null || parent.Recorded, "The span of the store has a parent that no exporter writes.");
    }

    [Fact]
    public async Task One_call_has_one_span_of_its_wait_if_its_client_is_forgotten_meanwhile()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Never());
        using ActivitySource source = new("Application");
        using (source.StartActivity("call"))
        {
            Task<string> call = provider.GetAsync();
            await Eventually.True(() => provider.Server.Requests.Count == 1);
            provider.Tokens.Forget("");
            await call;
        }

        Assert.Single(_stopped, activity => activity.OperationName == "oauth.token.wait");
    }

    [Fact]
    public async Task Spans_end_although_a_listener_of_the_meter_throws()
    {
        await using TestProvider provider = new();
        using HostileListener one = new(provider.Services, "oauth.client.token_request.duration", Throw);
        using HostileListener two = new(provider.Services, "oauth.client.token.wait.duration", Throw);
        using ActivitySource source = new("Application");
        using (source.StartActivity("call"))
        {
            await Record.ExceptionAsync(() => provider.GetAsync());
        }

        Assert.Equal(
            _started.Select(activity => activity.OperationName).Order(StringComparer.Ordinal),
            _stopped.Select(activity => activity.OperationName).Order(StringComparer.Ordinal));

        static void Throw() => throw new InvalidOperationException();
    }

    private sealed class FullCache : ISharedTokenCache
    {
        private static readonly ActivitySource Source = new("Application");

        public async Task<AccessToken> GetOrRequestAsync(
            string key,
            AccessToken? notThisToken,
            TimeSpan timeout,
            Func<CancellationToken, Task<AccessToken>> request,
            CancellationToken cancellationToken)
        {
            using Activity? store = Source.StartActivity("store");
            await Task.Yield();
            return new AccessToken("shared", Certificates.Start.AddHours(1));
        }
    }
}
