using System.Collections;
using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>The HttpClient factory logs headers at Trace. What it redacts is the text; a provider that writes the parts of an entry sees more.</summary>
public sealed class FactoryLogTests
{
    private const string Canary = "canary-7Qx";

    [Theory]
    [Trait("Req", "R-213")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_part_of_an_entry_holds_a_secret_or_token_whatever_the_application_redacts(bool redactsAnother)
    {
        using Parts parts = new();
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: Canary + "-token"));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(parts));
        services.AddClientCredentials(options => (options.Authority, options.ClientId, options.ClientSecret) = ("https://id.example.com", "shop", Canary));
        IHttpClientBuilder api = services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
            .AddClientCredentialsHandler()
            .ConfigurePrimaryHttpMessageHandler(() => new Echo());
        if (redactsAnother)
        {
            api.RedactLoggedHeaders(["X-Key"]);
        }

        services.UseTestAuthorizationServer(server);
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal($"Bearer {Canary}-token", await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetStringAsync("/"));
        Assert.Contains(parts.Seen, part => part.Contains("GET", StringComparison.Ordinal));
        Assert.All(parts.Seen, part => Assert.DoesNotContain(Canary, part, StringComparison.Ordinal));
        Assert.All(parts.Seen, part => Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"shop:{Canary}")), part, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-213")]
    public async Task An_attempt_that_is_repeated_around_the_handler_is_redacted_too()
    {
        using Parts parts = new();
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(parts));
        services.AddClientCredentials(options => (options.Authority, options.ClientId, options.ClientSecret) = ("https://id.example.com", "shop", "secret"));
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"))
            .AddHttpMessageHandler(() => new Twice())
            .AddClientCredentialsHandler()
            .ConfigurePrimaryHttpMessageHandler(() => new Echo())
            .RedactLoggedHeaders(["X-Key"]);
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: Canary));
        services.UseTestAuthorizationServer(server);
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal($"Bearer {Canary}", await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetStringAsync("/"));
        Assert.All(parts.Texts.Concat(parts.Seen), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
    }

    private sealed class Echo : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent($"{request.Headers.Authorization}"), RequestMessage = request });
    }

    private sealed class Twice : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            return await base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Takes every entry apart, as structured providers do.</summary>
    private sealed class Parts : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Texts { get; } = new();

        public ConcurrentQueue<string> Seen { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            Take(state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Texts.Enqueue(formatter(state, exception));
            Take(state);
        }

        public void Dispose()
        {
        }

        private void Take(object? part)
        {
            Seen.Enqueue($"{part}");
            if (part is not string and IEnumerable parts)
            {
                foreach (object? inner in parts)
                {
                    Take(inner?.GetType().GetProperty("Value")?.GetValue(inner) ?? inner);
                }
            }
        }
    }
}
