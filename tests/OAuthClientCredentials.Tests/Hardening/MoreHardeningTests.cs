using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hardening;

/// <summary>What the server says, and what hooks do.</summary>
[Collection(nameof(Alone))]
public sealed class ResponseHardeningTests
{
    [Theory]
    [Trait("Req", "R-190")]
    [InlineData("client")]
    [InlineData("invalid")]
    public async Task An_error_code_that_contains_the_secret_still_means_what_it_says(string secret)
    {
        await using Provider provider = new(options => options.ClientSecret = secret);
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        for (int number = 0; number < 20; number++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")));
        }

        // The rejected secret is sent once, and not once for each key.
        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Forget_throws_ObjectDisposedException_after_the_provider_was_disposed()
    {
        Provider provider = new();
        await provider.GetAsync();
        await provider.DisposeAsync();
        Assert.Throws<ObjectDisposedException>(() => provider.Tokens.Forget(""));
    }

    [Fact]
    [Trait("Req", "R-225")]
    public async Task A_TimeoutException_of_a_shared_cache_is_not_reported_as_a_server_that_did_not_respond_in_30_seconds()
    {
        ServiceCollection services = new();
        services.AddSingleton<ISharedTokenCache>(new CooldownHardeningTests.Cache(_ => throw new TimeoutException("Redis")));
        services.AddClientCredentials("c", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret"));
        await using ServiceProvider built = services.BuildServiceProvider();
        TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(async () => await built.GetRequiredService<ITokenProvider>().GetTokenAsync("c"));
        Assert.DoesNotContain("did not respond", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task A_logger_that_blocks_on_a_moved_endpoint_holds_up_no_other_client_of_the_issuer()
    {
        TestTimeProvider time = new();
        string host = "a";
        using ManualResetEventSlim release = new();
        using Blocking log = new(9, release);
        using HostileHandler handler = new((request, _) => Task.FromResult(request.Method == HttpMethod.Get
            ? CooldownHardeningTests.Json(HttpStatusCode.OK, $$"""{"issuer":"https://id.example.com","token_endpoint":"https://{{host}}.example.com/token"}""")
            : CooldownHardeningTests.Json(HttpStatusCode.OK, """{"access_token":"t","token_type":"Bearer","expires_in":3600}""")));
        TokenProvider tokens = Hostile.Create(
            options =>
            {
                (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com");
                options.AllowedEndpointHosts = ["a.example.com", "b.example.com"];
            },
            handler,
            time,
            log);
        await tokens.GetTokenAsync();
        host = "b";
        time.Advance(TimeSpan.FromHours(2));
        Task<AccessToken> blocked = tokens.GetTokenAsync("", Hostile.Scope("one")).AsTask();
        await Eventually.True(() => log.IsBlocked);
        Task<AccessToken> other = tokens.GetTokenAsync("", Hostile.Scope("two")).AsTask();
        bool ended = await Hostile.EndsAsync(other, 1);
        release.Set();
        await Task.WhenAll(blocked, other);
        await tokens.DisposeAsync();
        Assert.True(ended);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_wait_that_passed_while_the_machine_slept_is_over()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.Unavailable(TimeSpan.FromSeconds(60)));
        TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        Assert.True(provider.Time.GetUtcNow() > failure.NextAttemptAt);
        Assert.Equal("token-1", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task Any_call_after_the_end_throws_ObjectDisposedException_whatever_the_name()
    {
        Provider provider = new();
        await provider.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await provider.Tokens.GetTokenAsync("unknown"));
    }

    private sealed class Blocking(int eventNumber, ManualResetEventSlim release) : ILoggerFactory, ILogger
    {
        public bool IsBlocked { get; private set; }

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == eventNumber)
            {
                IsBlocked = true;
                release.Wait();
            }
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>More of the handler.</summary>
[Collection(nameof(Alone))]
public sealed class MoreHandlerHardeningTests
{
    private readonly NumberedTokens _tokens = new();

    [Fact]
    [Trait("Req", "R-112")]
    public async Task A_request_that_another_thread_re_points_during_the_origin_check_takes_no_token_there()
    {
        int leaked = 0;
        bool done = false;
        Uri good = new("https://api.example.com/");
        Uri evil = new("https://evil.example.net/");
        await using ApiClient api = new(
            _tokens,
            request =>
            {
                if (request.RequestUri!.Host == evil.Host && request.Headers.Authorization is not null)
                {
                    leaked++;
                }

                return ApiClient.Respond(200);
            },
            options => options.SendWithoutTokenToOtherOrigins = true,
            builder => builder.AddHttpMessageHandler(() => new Again(() => leaked > 0)));
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        Thread flipper = new(() =>
        {
            while (!Volatile.Read(ref done))
            {
                request.RequestUri = good;
                request.RequestUri = evil;
            }
        });
        Task<HttpResponseMessage> sending = Task.Run(() => api.Http.SendAsync(request));
        await Eventually.True(() => request.RequestUri!.IsAbsoluteUri);
        flipper.Start();
        (await sending).Dispose();
        Volatile.Write(ref done, true);
        flipper.Join();
        Assert.Equal(0, leaked);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_401_that_a_synchronous_call_hands_on_says_why_at_Debug()
    {
        await using ApiClient api = new(_tokens, _ => ApiClient.Respond(401));
        using HttpRequestMessage request = new(HttpMethod.Get, "/");
        api.Http.Send(request).Dispose();
        Assert.Contains("Debug 13", api.Log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_second_401_of_another_kind_that_is_handed_on_says_why_at_Debug()
    {
        int sent = 0;
        await using ApiClient api = new(_tokens, _ => ++sent == 1 ? ApiClient.Respond(401) : ApiClient.Respond(401, "Bearer error=\"insufficient_scope\""));
        using HttpResponseMessage response = await api.Http.GetAsync("/");
        Assert.Equal(2, sent);
        Assert.Contains("Debug 13", api.Log.Text, StringComparison.Ordinal);
    }

    private sealed class Again(Func<bool> isEnough) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            long end = Environment.TickCount64 + 5000;
            while (Environment.TickCount64 < end && !isEnough())
            {
                (await base.SendAsync(request, cancellationToken)).Dispose();
            }

            return new HttpResponseMessage(HttpStatusCode.OK);
        }
    }
}
