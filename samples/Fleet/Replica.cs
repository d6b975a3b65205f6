using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Medallion.Threading;
using Medallion.Threading.Redis;
using Microsoft.AspNetCore.DataProtection;
using OAuthClientCredentials;
using StackExchange.Redis;

namespace Fleet;

/// <summary>One replica of a service: it calls an API, again and again.</summary>
internal static class Replica
{
    private static readonly TimeSpan CallInterval = TimeSpan.FromMilliseconds(100);

    public static string SecretOf(int number) => string.Create(CultureInfo.InvariantCulture, $"secret-{number}");

    public static async Task RunAsync(ReplicaSettings settings)
    {
        using IHost host = CreateHost(settings);
        await host.StartAsync();
        HttpClient orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        CallCounter counter = new();
        Console.WriteLine("ready");
        Task calls = Task.CompletedTask;
        while (Console.ReadLine() is { } command && command != "stop")
        {
            if (command == "call")
            {
                calls = CallAsync(orders, counter);
            }

            Console.WriteLine(JsonSerializer.Serialize(counter.TakeTotals()));
        }
    }

    /// <summary>The registration of the service.</summary>
    private static IHost CreateHost(ReplicaSettings settings)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        IServiceCollection services = builder.Services;
        services.AddLogging(logging => logging
            .SetMinimumLevel(LogLevel.Warning)
            .AddConsole(o => o.LogToStandardErrorThreshold = LogLevel.Trace));
        services.AddSingleton<TimeProvider>(new SkewedTimeProvider(TimeSpan.FromSeconds(settings.ClockSkew)));
        IClientCredentialsBuilder clients = services.AddClientCredentials("orders", o =>
        {
            o.TokenEndpoint = new Uri(settings.AuthorizationServer, "token").ToString();
            o.ClientId = "orders-service";
            o.ClientSecret = SecretOf(settings.Number); // one secret for each replica tells this demonstration who requested a token
            o.Scopes = [settings.Scope];
        });
        services.AddHttpClient("orders", c => c.BaseAddress = settings.Api).AddClientCredentialsHandler("orders");
        if (settings.Store.Length > 0)
        {
            ConnectionMultiplexer redis = ConnectionMultiplexer.Connect($"{settings.Store},abortConnect=false");
            services.AddStackExchangeRedisCache(o =>
                o.ConnectionMultiplexerFactory = () => Task.FromResult<IConnectionMultiplexer>(redis));
            services.AddDataProtection().SetApplicationName("fleet").PersistKeysToFileSystem(new(settings.Keys));
            clients.AddSharedTokenCache();
            if (settings.HasLock)
            {
                services.AddSingleton<IDistributedLockProvider>(
                    new RedisDistributedSynchronizationProvider(redis.GetDatabase(), o => o.Expiry(TimeSpan.FromSeconds(5))));
            }
        }

        return builder.Build();
    }

    private static async Task CallAsync(HttpClient orders, CallCounter counter)
    {
        while (true)
        {
            long start = Stopwatch.GetTimestamp();
            bool hasFailed = true;
            try
            {
                using HttpResponseMessage response = await orders.GetAsync("orders");
                hasFailed = !response.IsSuccessStatusCode;
            }
            catch (Exception exception)
            {
                Console.Error.WriteLine(exception.Message);
            }

            counter.Add(hasFailed, Stopwatch.GetElapsedTime(start));
            await Task.Delay(CallInterval);
        }
    }

    private sealed class SkewedTimeProvider(TimeSpan skew) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
    }
}

/// <summary>The calls of one replica since the last look, or of all replicas together.</summary>
internal sealed record Totals(int Calls, int Failed, double LongestSeconds)
{
    public static Totals None { get; } = new(0, 0, 0);

    public Totals Plus(Totals other) =>
        new(Calls + other.Calls, Failed + other.Failed, Math.Max(LongestSeconds, other.LongestSeconds));
}

/// <summary>Counts calls. Thread-safe.</summary>
internal sealed class CallCounter
{
    private readonly Lock _gate = new();
    private Totals _totals = Totals.None;

    public void Add(bool hasFailed, TimeSpan duration)
    {
        lock (_gate)
        {
            _totals = _totals.Plus(new(1, hasFailed ? 1 : 0, duration.TotalSeconds));
        }
    }

    public Totals TakeTotals()
    {
        lock (_gate)
        {
            Totals taken = _totals;
            _totals = Totals.None;
            return taken;
        }
    }
}
