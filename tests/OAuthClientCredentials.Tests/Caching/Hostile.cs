using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Providers over code that misbehaves.</summary>
internal static class Hostile
{
    public static TokenRequest Scope(string scope) => new() { Scopes = [scope] };

    public static TokenProvider Create(Action<ClientCredentialsOptions> configure, HttpMessageHandler handler, TimeProvider? time = null, Microsoft.Extensions.Logging.ILoggerFactory? log = null) =>
        TokenProvider.Create(options => Configure(options, "shop", configure), handler, time, log);

    public static ServiceProvider Services(TestTimeProvider? time, TestAuthorizationServer server, params (string Name, Action<ClientCredentialsOptions> Configure)[] clients)
    {
        ServiceCollection services = new();
        if (time is not null)
        {
            services.AddSingleton<TimeProvider>(time);
        }

        foreach ((string name, Action<ClientCredentialsOptions> configure) in clients)
        {
            services.AddClientCredentials(name, options => Configure(options, name, configure));
        }

        return services.UseTestAuthorizationServer(server).BuildServiceProvider();
    }

    public static async Task<bool> EndsAsync(Task task, double seconds = 5) =>
        await Task.WhenAny(task, Task.Delay(TimeSpan.FromSeconds(seconds))) == task;

    /// <summary>Lets time pass on the fake clock until the task ends.</summary>
    public static async Task PassAsync(TestTimeProvider time, Task task, TimeSpan atMost)
    {
        DateTimeOffset end = time.GetUtcNow() + atMost;
        while (time.GetUtcNow() < end && !await EndsAsync(task, 0.02))
        {
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.True(task.IsCompleted, "it did not end at all");
    }

    private static void Configure(ClientCredentialsOptions options, string id, Action<ClientCredentialsOptions> configure)
    {
        (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, id, "secret", 0);
        configure(options);
    }
}

internal sealed class HostileHandler(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send) : HttpMessageHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => send(request, cancellationToken);
}

/// <summary>A clock whose timestamps begin anywhere.</summary>
internal sealed class OffsetClock(long offset) : TimeProvider
{
    public TestTimeProvider Time { get; } = new();

    public override long TimestampFrequency => Time.TimestampFrequency;

    public override long GetTimestamp() => Time.GetTimestamp() + offset;

    public override DateTimeOffset GetUtcNow() => Time.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Time.CreateTimer(callback, state, dueTime, period);
}
