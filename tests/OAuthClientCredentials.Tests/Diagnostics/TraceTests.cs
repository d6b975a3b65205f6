using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>The trace of a token request, and what the authorization server sees of it.</summary>
[Collection(nameof(Alone))]
public sealed class TraceTests
{
    [Theory]
    [Trait("Req", "R-215")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Token_request_has_no_baggage_and_its_trace_can_be_turned_off(bool isTraced)
    {
        ConcurrentQueue<Activity> activities = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activities.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        HeaderDictionary headers = [];
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(context =>
        {
            headers = new(context.Request.Headers.ToDictionary());
            return context.Response.WriteAsync("""{"access_token":"a"}""");
        });
        ServiceCollection services = new();
        IClientCredentialsBuilder builder = services.AddClientCredentials("", options =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (tokens.Address.ToString(), "shop", "secret"));
        if (!isTraced)
        {
            builder.ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(
                () => new SocketsHttpHandler { ActivityHeadersPropagator = null }));
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        using ActivitySource source = new("Application");
        string caller;
        using (Activity call = source.StartActivity("call")!.SetBaggage("tenant", "canary"))
        {
            caller = call.TraceId.ToHexString();
            await provider.GetRequiredService<ITokenProvider>().GetTokenAsync();
        }

        Assert.Equal(isTraced, headers.ContainsKey("traceparent"));
        string sent = string.Join('\n', headers.Select(header => header.Value.ToString()));
        Assert.DoesNotContain("canary", sent, StringComparison.Ordinal);
        Assert.DoesNotContain(caller, sent, StringComparison.Ordinal);
        Activity request = Assert.Single(activities, activity => activity.OperationName == "oauth.token_request");
        Assert.Empty(request.Baggage);
    }
}
