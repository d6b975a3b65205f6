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
    private static readonly TimeSpan CallInterval = TimeSpan.FromMilliseconds(200);

    public static string SecretOf(int number) => string.Create(CultureInfo.InvariantCulture, $"secret-{number}");

    public static async Task RunAsync(ReplicaSettings settings)
    {
        using IHost host = CreateHost(settings);
        await host.StartAsync();
        HttpClient orders = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        CallCounter counter = new();
        await PrepareAsync(orders, settings.Number);
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } command)
        {
            if (command == "call")
            {
                await CallAsync(orders, counter);
                _ = CallAgainAndAgainAsync(orders, counter);
                Console.WriteLine("started");
            }
            else
            {
                Console.WriteLine(JsonSerializer.Serialize(counter.TakeTotals()));
            }
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
            o.DPoPBoundAccessTokens = settings.HasDPoP;
            o.DPoPKeyFile = settings.DPoPKeyFile;
        });
        clients.AddJwtAuthentication();
        services.AddHttpClient("orders", c => c.BaseAddress = settings.Api).AddClientCredentialsHandler("orders");
        if (settings.Store.Length > 0)
        {
            ConnectionMultiplexer redis = ConnectionMultiplexer.Connect($"{settings.Store},abortConnect=false");
            services.AddStackExchangeRedisCache(o =>
                o.ConnectionMultiplexerFactory = () => Task.FromResult<IConnectionMultiplexer>(redis));
            services.AddDataProtection().SetApplicationName("fleet").PersistKeysToFileSystem(new(settings.Keys));
            clients.AddSharedTokenCache(o => o.StoreTimeout = TimeSpan.FromSeconds(2)); // all replicas share this machine
            if (settings.HasLock)
            {
                services.AddSingleton<IDistributedLockProvider>(
                    new RedisDistributedSynchronizationProvider(redis.GetDatabase(), o => o.Expiry(TimeSpan.FromSeconds(5))));
            }
        }

        return builder.Build();
    }

    // One call with a token of its own loads the code, which takes long while many processes start on one machine.
    private static async Task PrepareAsync(HttpClient orders, int number)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "orders");
        request.SetTokenRequest(new TokenRequest { Scopes = [string.Create(CultureInfo.InvariantCulture, $"replica-{number}")] });
        using HttpResponseMessage response = await orders.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }

    private static async Task CallAgainAndAgainAsync(HttpClient orders, CallCounter counter)
    {
        while (true)
        {
            await Task.Delay(CallInterval);
            await CallAsync(orders, counter);
        }
    }

    private static async Task CallAsync(HttpClient orders, CallCounter counter)
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
