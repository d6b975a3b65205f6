using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Loggers and listeners are the application's code: they may throw, and they may block.</summary>
[Collection(nameof(Alone))]
public sealed class HostileHostTests
{
    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_logger_that_blocks_holds_up_no_caller()
    {
        TestAuthorizationServer endpoint = new();
        using ManualResetEventSlim release = new();
        using Factory logging = new(release.Wait);
        TokenProvider tokens = Create(endpoint, logging);
        Assert.Equal("token-1", (await tokens.GetTokenAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20))).Value);
        tokens.Forget("");
        Assert.Equal("token-2", (await tokens.GetTokenAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20))).Value);
        release.Set();
        await tokens.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task A_listener_that_throws_leaves_nobody_waiting()
    {
        TestAuthorizationServer endpoint = new();
        using ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "OAuthClientCredentials",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => throw new InvalidOperationException("canary"),
        };
        ActivitySource.AddActivityListener(listener);
        using Factory logging = new(() => { });
        await using TokenProvider tokens = Create(endpoint, logging);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => tokens.GetTokenAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Contains("InvalidOperationException was thrown in your", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    private static TokenProvider Create(TestAuthorizationServer endpoint, ILoggerFactory logging) =>
        TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = ("https://id.example.com/token", "shop", "secret", 0),
            endpoint.CreateHandler(),
            loggerFactory: logging);

    private sealed class Factory(Action onLog) : ILoggerFactory, ILogger
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        // What is logged before any request (the primary handler's type) is not what is tested.
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id is 1 or 2 or 3)
            {
                onLog();
            }
        }

        public void Dispose()
        {
        }
    }
}
