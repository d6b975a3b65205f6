using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Providers over code that misbehaves.</summary>
internal static class Hostile
{
    public static TokenRequest Scope(string scope) => new() { Scopes = [scope] };

    public static TokenProvider Create(Action<ClientCredentialsOptions> configure, HttpMessageHandler handler, TimeProvider? time = null) =>
        TokenProvider.Create(options => Configure(options, "shop", configure), handler, time);

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

/// <summary>A clock that throws when it is asked for the time of day, as often as it is told to, and whose timestamps begin anywhere.</summary>
internal sealed class HostileClock : TimeProvider
{
    public TestTimeProvider Time { get; } = new();

    public int Failures { get; set; }

    public int Spared { get; set; }

    public long Offset { get; set; }

    public override long TimestampFrequency => Time.TimestampFrequency;

    public override long GetTimestamp() => Time.GetTimestamp() + Offset;

    public override DateTimeOffset GetUtcNow()
    {
        if (Failures > 0 && Spared-- <= 0)
        {
            Failures--;
            throw new InvalidOperationException("clock");
        }

        return Time.GetUtcNow();
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => Time.CreateTimer(callback, state, dueTime, period);
}
