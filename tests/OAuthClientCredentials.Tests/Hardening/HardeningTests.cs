using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hardening;

/// <summary>The cool-down of a rejected credential or request.</summary>
public sealed class CooldownHardeningTests
{
    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-225")]
    public async Task A_trial_whose_handler_hangs_does_not_hold_the_credential_for_ever()
    {
        TestTimeProvider time = new();
        int sent = 0;
        TaskCompletionSource<HttpResponseMessage> never = new();
        using HostileHandler handler = new((_, _) => ++sent switch
        {
            1 => Task.FromResult(Json(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""")),
            2 => never.Task,
            _ => Task.FromResult(Json(HttpStatusCode.OK, """{"access_token":"t","token_type":"Bearer","expires_in":3600}""")),
        });
        await using TokenProvider tokens = Hostile.Create(_ => { }, handler, time);
        await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        time.Advance(TimeSpan.FromSeconds(13));
        Task<AccessToken> trial = tokens.GetTokenAsync().AsTask();
        await Eventually.True(() => sent == 2);
        time.Advance(TimeSpan.FromSeconds(31));
        await Assert.ThrowsAsync<TokenRequestException>(() => trial);

        // The server accepts the credential from now on.
        Exception? last = null;
        for (int minute = 0; minute < 1000 && (minute == 0 || last is not null); minute++)
        {
            // The cancellation of the trial runs on another thread.
            await Task.Delay(1);
            time.Advance(TimeSpan.FromMinutes(1));
            last = await Record.ExceptionAsync(async () => await tokens.GetTokenAsync());
        }

        Assert.Null(last);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-076")]
    public async Task The_sweep_of_idle_sources_does_not_shorten_the_cool_down_of_a_refused_request()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_scope"));
        for (int call = 0; call < 31; call++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("a")));
            provider.Time.Advance(TimeSpan.FromSeconds(20));
        }

        // Three in the first minute, then one a minute for ten minutes.
        Assert.InRange(provider.Endpoint.Requests.Count, 1, 13);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_callback_that_returns_a_new_assertion_each_time_ends_no_cool_down_beside_a_certificate_file()
    {
        int number = 0;
        using TemporaryFile file = new(Certificates.Pem(Certificates.Create()));
        await using Provider provider = new(options =>
        {
            options.ClientSecret = null;
            options.CertificateFile = file.Path;
            options.CertificateBoundTokens = true;
            options.AuthenticationMethod = "private_key_jwt";
            options.UseClientAssertion(_ => new($"assertion-{++number}"));
        });
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        for (int call = 0; call < 600; call++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(provider.Endpoint.Requests.Count, 1, 6);
    }

    [Fact]
    [Trait("Req", "R-090")]
    public async Task A_shared_token_that_never_expires_is_kept_by_the_systems_clock_too()
    {
        int asked = 0;
        ServiceCollection services = new();
        services.AddSingleton<ISharedTokenCache>(new Cache(_ =>
        {
            asked++;
            return Task.FromResult(new AccessToken("for-ever", DateTimeOffset.MaxValue));
        }));
        services.AddClientCredentials("c", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret"));
        await using ServiceProvider built = services.BuildServiceProvider();
        ITokenProvider tokens = built.GetRequiredService<ITokenProvider>();
        for (int call = 0; call < 5; call++)
        {
            await tokens.GetTokenAsync("c");
        }

        Assert.Equal(1, asked);
    }

    internal static HttpResponseMessage Json(HttpStatusCode status, string json) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };

    internal sealed class Cache(Func<Func<Task<AccessToken>>, Task<AccessToken>> get) : ISharedTokenCache
    {
        public Task<AccessToken> GetOrRequestAsync(string key, AccessToken? notThisToken, Func<CancellationToken, Task<AccessToken>> request, CancellationToken cancellationToken) =>
            get(() => request(cancellationToken));
    }
}

/// <summary>Memory, waits, threads and locks.</summary>
[Collection(nameof(Alone))]
public sealed class CachingHardeningTests
{
    private const string Token = """{"access_token":"t","token_type":"Bearer","expires_in":3600}""";

    [Fact]
    [Trait("Req", "R-076")]
    public async Task A_client_known_only_at_run_time_leaves_nothing_once_its_tokens_have_expired()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(time);
        services.AddClientCredentials("own", Configure);
        services.ConfigureAll<ClientCredentialsOptions>(Configure);
        await using ServiceProvider built = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        TokenProvider tokens = built.GetRequiredService<TokenProvider>();
        for (int tenant = 0; tenant < 100; tenant++)
        {
            await tokens.GetTokenAsync($"tenant-{tenant}");
        }

        for (int hour = 0; hour < 3; hour++)
        {
            time.Advance(TimeSpan.FromHours(2));
            await tokens.GetTokenAsync("own");
        }

        Assert.Equal(1, tokens.SourceCount());

        static void Configure(ClientCredentialsOptions options) =>
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret");
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task Who_joins_a_second_renewal_behind_an_expired_token_waits_no_longer_than_Timeout()
    {
        await using Provider provider = new(options => options.Timeout = options.AttemptTimeout = TimeSpan.FromSeconds(10))
        {
            Endpoint = { Lifetime = TimeSpan.FromSeconds(100) },
        };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(91));
        provider.Endpoint.Always(TestResponse.Unavailable());
        await provider.GetAndSettleAsync(2);
        provider.Endpoint.Always(TestResponse.Never());
        provider.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("token-1", await provider.GetAsync());
        await Eventually.True(() => provider.Endpoint.Requests.Count == 3);
        provider.Time.Advance(TimeSpan.FromSeconds(6));
        DateTimeOffset began = provider.Time.GetUtcNow();
        Task<Exception?> waiting = Record.ExceptionAsync(provider.GetAsync);
        await Hostile.PassAsync(provider.Time, waiting, TimeSpan.FromSeconds(60));
        Assert.True(provider.Time.GetUtcNow() - began <= TimeSpan.FromSeconds(10.5), $"waited {provider.Time.GetUtcNow() - began}");
    }

    [Theory]
    [Trait("Req", "R-097")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RequestTokenAsync_leaves_nothing_behind_at_a_cancellation_token_that_lives_on(bool isCancellable)
    {
        using CancellationTokenSource application = new();
        CancellationToken cancellation = isCancellable ? application.Token : CancellationToken.None;
        using HostileHandler handler = new((_, _) => Task.FromResult(CooldownHardeningTests.Json(HttpStatusCode.OK, Token)));
        using OneClient client = new(handler, time: null);
        for (int call = 0; call < 500; call++)
        {
            await client.Tokens.RequestTokenAsync(cancellationToken: cancellation);
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        const int Calls = 4000;
        for (int call = 0; call < Calls; call++)
        {
            await client.Tokens.RequestTokenAsync(cancellationToken: cancellation);
        }

        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Calls;
        Assert.True(each < 50, $"each call leaves {each} bytes behind");
    }

    [Fact]
    [Trait("Req", "R-092")]
    [Trait("Req", "R-094")]
    public void The_flight_lands_and_logs_outside_the_callers_context_however_fast_the_server_is()
    {
        AsyncLocal<string?> local = new();
        ConcurrentQueue<string?> seen = new();
        using SlowTimers time = new();
        using HostileHandler handler = new((_, _) => Task.FromResult(CooldownHardeningTests.Json(HttpStatusCode.OK, Token)));
        using ContextLog log = new(() => seen.Enqueue(local.Value));
        using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, "shop", "secret", 0),
            handler,
            time,
            log);
        Thread caller = new(() =>
        {
            local.Value = "the caller's";
            time.SlowThread = Environment.CurrentManagedThreadId;
            tokens.GetTokenAsync().AsTask().GetAwaiter().GetResult();
        });
        caller.Start();
        caller.Join();
        SpinWait.SpinUntil(() => !seen.IsEmpty, 5000);
        Assert.Equal([null], seen);
    }

    [Fact]
    [Trait("Req", "R-094")]
    [Trait("Req", "R-225")]
    public async Task No_lock_is_held_while_an_authentication_of_the_application_compares_itself()
    {
        TokenProvider? tokens = null;
        int blocked = 0;
        await using Configured app = new(
            [("a:TokenEndpoint", OneClient.Endpoint), ("a:ClientId", "shop"), ("a:MaxRetries", "0")],
            services => services.PostConfigure<ClientCredentialsOptions>("a", options => options.UseAuthentication(new Comparing(() =>
            {
                if (tokens is not null && !Task.Run(() => tokens.GetStatus("a")).Wait(500))
                {
                    blocked++;
                }
            }))));
        await app.Tokens.GetTokenAsync("a");
        tokens = app.Services.GetRequiredService<TokenProvider>();
        app.Reload("a:Timeout", "00:00:20");
        Assert.Equal(0, blocked);
    }

    [Fact]
    [Trait("Req", "R-072")]
    public async Task Keys_are_injective_for_every_string()
    {
        await using Provider provider = new();
        Assert.NotEqual(
            provider.Tokens.KeyOf("", new TokenRequest { Audience = "a\uD800" }),
            provider.Tokens.KeyOf("", new TokenRequest { Audience = "a\uD801" }));
    }

    [Fact]
    [Trait("Req", "R-225")]
    public void A_token_type_that_no_header_can_carry_is_the_promised_ArgumentException() =>
        Assert.ThrowsAny<ArgumentException>(() => new AccessToken("t", DateTimeOffset.MaxValue, "Bea rer"));

    private sealed class Comparing(Action onEquals) : ClientAuthentication
    {
        public override string Method => "mine";

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public override bool Equals(object? obj)
        {
            onEquals();
            return obj is Comparing;
        }

        public override int GetHashCode() => 1;
    }

    private sealed class SlowTimers : TimeProvider, IDisposable
    {
        public int SlowThread { get; set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (Environment.CurrentManagedThreadId == SlowThread)
            {
                // As if the thread lost its turn here.
                Thread.Sleep(300);
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }

        public void Dispose()
        {
        }
    }

    private sealed class ContextLog(Action onLog) : ILoggerFactory, ILogger
    {
        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == 1)
            {
                onLog();
            }
        }

        public void Dispose()
        {
        }
    }
}

/// <summary>The handler.</summary>
public sealed class HandlerHardeningTests
{
    private readonly NumberedTokens _tokens = new();
    private readonly ConcurrentQueue<string> _seen = new();

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_caller_that_gives_up_does_not_end_the_handlers_renewal_for_requests_that_cannot_be_sent_again()
    {
        TaskCompletionSource renewed = new();
        _tokens.Renew = async (_, cancellationToken) =>
        {
            await renewed.Task.WaitAsync(cancellationToken);
            return _tokens.Current.Value == "token-1" ? _tokens.Next() : _tokens.Current;
        };
        await using ApiClient api = new(_tokens, request =>
        {
            _seen.Enqueue($"{request.RequestUri!.AbsolutePath} {request.Headers.Authorization!.Parameter}");
            return ApiClient.Respond(request.Headers.Authorization.Parameter == "token-1" ? 401 : 200);
        });
        using CancellationTokenSource impatient = new();
        Task<HttpResponseMessage> first = api.Http.GetAsync("/impatient", impatient.Token);
        Task<HttpResponseMessage> second = api.Http.GetAsync("/patient");
        await Eventually.True(() => _tokens.Renewals.Count == 2);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Task<HttpResponseMessage> pipe = api.Http.PostAsync("/pipe", new Once());
        await Eventually.True(() => _tokens.Renewals.Count == 3 || pipe.IsCompleted || _seen.Contains("/pipe token-1"));
        renewed.SetResult();
        Assert.Equal(200, (int)(await second).StatusCode);
        Assert.Equal(200, (int)(await pipe).StatusCode);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task A_ShouldRenew_that_throws_leaves_no_response_open()
    {
        Tracked? response = null;
        await using ApiClient api = new(
            _tokens,
            _ => Task.FromResult<HttpResponseMessage>(response = new Tracked()),
            options => options.ShouldRenew = _ => throw new InvalidOperationException("mine"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => api.Http.GetAsync("/"));
        Assert.True(response!.IsDisposed);
    }

    private sealed class Tracked : HttpResponseMessage
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    private sealed class FailingProof : TokenBinding
    {
        private int _written;

        public override string TokenType => "DPoP";

        public override string Thumbprint => "key";

        public override async ValueTask WriteApiRequestAsync(HttpRequestMessage request, string accessToken, CancellationToken cancellationToken)
        {
            await Task.Delay(1, cancellationToken);
            if (++_written > 1)
            {
                throw new InvalidOperationException("the vault does not sign");
            }
        }
    }

    internal sealed class Once : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
