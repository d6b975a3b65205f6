using System.Globalization;
using CsCheck;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Random histories of one source, held against what must be true of every history. A failure is shrunk to a short one and printed with its seed.</summary>
public sealed class ModelTests
{
    public enum Do
    {
        Get,
        GetAndCancel,
        AdvanceSeconds,
        AdvanceMinutes,
        JumpWallClock,
        ServerFine,
        ServerDown,
        ServerRefuses,
        ServerRepeats,
        SetLifetime,
        Reject,
        Forget,
        RotateSecret,
        ChangeIdentity,
    }

    private static readonly Gen<(Do Do, int Argument)> Step = Gen.Select(
        Gen.Frequency((8, Gen.Const(Do.Get)), (6, Gen.Enum<Do>())),
        Gen.Int[0, 99]);

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-081")]
    [Trait("Req", "R-090")]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-190")]
    public Task In_every_history_tokens_are_valid_outages_harmless_and_requests_few() => Step.Array[1, 60].SampleAsync(
        async steps =>
        {
            await using History history = new();
            foreach ((Do what, int argument) in steps)
            {
                await history.StepAsync(what, argument);
            }
        },
        iter: 2_000,
        threads: 2,
        print: steps => string.Join(", ", steps.Select(step => $"{step.Do} {step.Argument}")));

    [Fact]
    [Trait("Req", "R-071")]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-090")]
    [Trait("Req", "R-091")]
    [Trait("Req", "R-099")]
    public Task In_parallel_too_each_gets_its_own_token_from_one_flight() => Step.Array[1, 30].Array[4].SampleAsync(
        async callers =>
        {
            await using ParallelHistory history = new();
            await Task.WhenAll(callers.Select(steps => Task.Run(async () =>
            {
                foreach ((Do what, int argument) in steps)
                {
                    await history.StepAsync(what, argument);
                }
            })));
        },
        iter: 1_000,
        threads: 1,
        print: callers => string.Join("\n", callers.Select(steps => string.Join(", ", steps.Select(step => $"{step.Do} {step.Argument}")))));

    /// <summary>A client in configuration, its server, and their clocks.</summary>
    private class World : IAsyncDisposable
    {
        private readonly ServiceProvider _services;
        private readonly Lock _reloading = new();

        public World()
        {
            Configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["ClientCredentials:TokenEndpoint"] = "https://id.example.com/token",
                ["ClientCredentials:ClientId"] = "0",
                ["ClientCredentials:ClientSecret"] = "secret",
                ["ClientCredentials:MaxRetries"] = "0",
                ["ClientCredentials:AttemptTimeout"] = "00:05:00",
                ["ClientCredentials:Timeout"] = "00:05:00",
            }).Build();
            Server = new(Time);
            ServiceCollection services = new();
            services.AddSingleton<IConfiguration>(Configuration);
            services.AddSingleton<TimeProvider>(Time);
            services.AddClientCredentials();
            services.UseTestAuthorizationServer(Server);
            _services = services.BuildServiceProvider();
            Tokens = (TokenProvider)_services.GetRequiredService<ITokenProvider>();
        }

        public TestTimeProvider Time { get; } = new();

        public TestAuthorizationServer Server { get; }

        public TokenProvider Tokens { get; }

        protected int Identity { get; private set; }

        private IConfigurationRoot Configuration { get; }

        public ValueTask DisposeAsync() => _services.DisposeAsync();

        protected static async Task IgnoreAsync(ValueTask<AccessToken> get)
        {
            try
            {
                await get;
            }
            catch (Exception exception) when (exception is OperationCanceledException or TokenRequestException)
            {
                // Either may come first.
            }
        }

        protected void Set(string key, string value)
        {
            lock (_reloading)
            {
                Configuration[$"ClientCredentials:{key}"] = value;
                Configuration.Reload();
            }
        }

        protected void ChangeIdentity(Action<int> announce)
        {
            lock (_reloading)
            {
                announce(Identity + 1);
                Set("ClientId", (Identity + 1).ToString(CultureInfo.InvariantCulture));
                Identity++;
            }
        }
    }

    /// <summary>One step after the other, with the reference model: what must happen, and what must not.</summary>
    private sealed class History : World
    {
        private AccessToken? _last;

        // Nothing was asked for yet under this identity.
        private bool _isEmpty = true;

        // When the first token or failure came; nothing has happened since that would allow an early request.
        private long _quietSince = -1;
        private TimeSpan _quietFor;
        private DateTimeOffset _quietSinceUtc;
        private bool _isFine = true;
        private bool _isRotated;

        public async Task StepAsync(Do what, int argument)
        {
            int before = Server.Requests.Count;
            int most = await DoAsync(what, argument);
            await Eventually.True(() => !Tokens.IsInFlight());
            int requests = Server.Requests.Count - before;
            Assert.True(requests <= most, $"{requests} requests in one step, {most} expected at most");

            // What expired once stays expired, though the wall clock may jump back.
            _quietSince = IsQuiet ? _quietSince : -1;
            if (_isRotated && _isFine && requests > 0)
            {
                // Behind a call that still got the present token its successor came, which may live shorter.
                (_isRotated, _last) = (false, null);
            }
        }

        /// <summary>Does a step, and returns how many requests it may cost.</summary>
        private async Task<int> DoAsync(Do what, int argument)
        {
            // A token that is found expired is dropped, and stays so though the wall clock jumps back (R-081).
            if (what is Do.GetAndCancel or Do.Reject && _last is not null && !IsValid(_last))
            {
                _last = null;
            }

            switch (what)
            {
                case Do.AdvanceSeconds:
                    Time.Advance(TimeSpan.FromSeconds(argument * 0.4));
                    return 0;
                case Do.AdvanceMinutes:
                    Time.Advance(TimeSpan.FromMinutes(argument));
                    return 0;
                case Do.JumpWallClock:
                    Time.JumpWallClock(TimeSpan.FromMinutes(argument - 50));

                    // R-081: the wall clock is looked at once in a second.
                    Time.Advance(TimeSpan.FromSeconds(1));
                    return 0;
                case Do.ServerFine or Do.ServerDown or Do.ServerRefuses or Do.ServerRepeats:
                    _isFine = what is Do.ServerFine;
                    Server.Always(what switch
                    {
                        Do.ServerDown => TestResponse.Unavailable(),
                        Do.ServerRefuses => TestResponse.Error("invalid_client"),
                        Do.ServerRepeats => TestResponse.SameToken(),
                        _ => TestResponse.Token(),
                    });
                    return 0;
                case Do.SetLifetime:
                    Server.Lifetime = TimeSpan.FromSeconds(1 + (argument * argument));
                    return 0;
                case Do.Reject when _last is not null:
                    return await RenewAsync(_last);
                case Do.Forget:
                    Tokens.Forget("");
                    _last = null;
                    _quietSince = -1;
                    _isEmpty = true;
                    return 0;
                case Do.RotateSecret:
                    Set("ClientSecret", $"secret-{Guid.NewGuid():N}");
                    _quietSince = -1;

                    // As with a rejected one, the next token counts, however long it lives.
                    _last = _isFine ? null : _last;
                    _isRotated = true;
                    return 0;
                case Do.ChangeIdentity:
                    ChangeIdentity(_ => { });
                    _last = null;
                    _quietSince = -1;
                    _isEmpty = true;
                    return 0;
                case Do.GetAndCancel:
                    using (CancellationTokenSource cancellation = new())
                    {
                        ValueTask<AccessToken> get = Tokens.GetTokenAsync(cancellationToken: cancellation.Token);
                        await cancellation.CancelAsync();
                        await IgnoreAsync(get);
                    }

                    _quietSince = -1;
                    _isEmpty = false;
                    return 1;
                case Do.Get:
                    return await GetAsync();
                default:
                    return 0;
            }
        }

        private async Task<int> GetAsync()
        {
            int most = IsQuiet ? 0 : 1;
            bool mustSucceed = _last is not null && IsValid(_last);
            int requests = Server.Requests.Count;
            try
            {
                AccessToken token = await Tokens.GetTokenAsync();

                // R-049: a server that repeats a token may send one that is dead on arrival.
                Assert.True(IsValid(token) || Server.Requests.Count > requests, "an expired token was given out");
                BeQuiet((token.ExpiresAt - token.RequestedAt!.Value) / 2);

                _last = token;
            }
            catch (TokenRequestException exception)
            {
                Assert.False(mustSucceed, "a valid token was lost");
                BeQuiet(TimeSpan.FromSeconds(exception.IsTransient ? 1 : 10));

                // What expired once stays expired, though the wall clock may jump back.
                _last = null;
            }

            return most;
        }

        private async Task<int> RenewAsync(AccessToken rejected)
        {
            bool isValid = IsValid(rejected);
            try
            {
                AccessToken renewed = await Tokens.RenewTokenAsync(rejected);

                // Its successor may expire earlier than it would have.
                _last = _isFine ? null : renewed;
            }
            catch (TokenRequestException)
            {
                Assert.False(isValid, "a valid token was lost");
                _last = null;
            }

            (_quietSince, _isEmpty) = (-1, false);
            return 1;
        }

        private bool IsQuiet => _quietSince >= 0 && Time.GetElapsedTime(_quietSince) < _quietFor && Time.GetUtcNow() - _quietSinceUtc < _quietFor;

        private void BeQuiet(TimeSpan span)
        {
            if (_isEmpty)
            {
                (_isEmpty, _quietSince, _quietSinceUtc, _quietFor) = (false, Time.GetTimestamp(), Time.GetUtcNow(), span);
            }
        }

        private bool IsValid(AccessToken token) =>
            Time.GetUtcNow() < token.ExpiresAt && Time.GetElapsedTime(token.RequestedTimestamp!.Value) < token.ExpiresAt - token.RequestedAt;
    }

    /// <summary>All steps at once. What a token was issued for stands in its text.</summary>
    private sealed class ParallelHistory : World
    {
        private readonly Dictionary<string, int> _inFlight = [];
        private AccessToken? _last;
        private int _announced;
        private int _number;
        private int _down;

        public ParallelHistory() => Server.Always(request =>
        {
            string key = $"{request.ClientId} {request["scope"]}";
            lock (_inFlight)
            {
                _inFlight[key] = _inFlight.GetValueOrDefault(key) + 1;
                Assert.True(_inFlight[key] == 1, $"two flights at once for {key}");
            }

            TestResponse answer = Volatile.Read(ref _down) == 1
                ? TestResponse.Unavailable()
                : TestResponse.Token(TimeSpan.FromHours(1), $"{request.ClientId}:{request["scope"]}:{Interlocked.Increment(ref _number)}");
            return answer.After(async _ =>
            {
                await Task.Yield();
                lock (_inFlight)
                {
                    _inFlight[key]--;
                }
            });
        });

        public async Task StepAsync(Do what, int argument)
        {
            switch (what)
            {
                case Do.Get:
                    await GetAsync(argument, CancellationToken.None);
                    return;
                case Do.GetAndCancel:
                    using (CancellationTokenSource cancellation = new())
                    {
                        Task get = GetAsync(argument, cancellation.Token);
                        await cancellation.CancelAsync();
                        await get;
                    }

                    return;
                case Do.AdvanceSeconds:
                    Time.Advance(TimeSpan.FromSeconds(argument / 10));
                    return;
                case Do.ServerFine or Do.ServerDown:
                    Volatile.Write(ref _down, what == Do.ServerDown ? 1 : 0);
                    return;
                case Do.Reject when Volatile.Read(ref _last) is { } last:
                    await IgnoreAsync(Tokens.RenewTokenAsync(last, "", new() { Scopes = [argument % 2 == 0 ? "read" : "write"] }));
                    return;
                case Do.RotateSecret:
                    Set("ClientSecret", $"secret-{Guid.NewGuid():N}");
                    return;
                case Do.ChangeIdentity:
                    ChangeIdentity(next => Volatile.Write(ref _announced, next));
                    return;
                default:
                    return;
            }
        }

        private async Task GetAsync(int argument, CancellationToken cancellationToken)
        {
            string scope = argument % 2 == 0 ? "read" : "write";
            int atLeast = Identity;
            DateTimeOffset now = Time.GetUtcNow();
            try
            {
                AccessToken token = await Tokens.GetTokenAsync("", new() { Scopes = [scope] }, cancellationToken);
                string[] parts = token.Value.Split(':');
                Assert.True(parts[1] == scope, $"a token for {parts[1]} was given out for {scope}");
                Assert.InRange(int.Parse(parts[0], CultureInfo.InvariantCulture), atLeast, Volatile.Read(ref _announced));
                Assert.True(token.ExpiresAt > now, "an expired token was given out");
                Volatile.Write(ref _last, token);
            }
            catch (Exception exception) when (exception is OperationCanceledException or TokenRequestException)
            {
                Assert.True(exception is TokenRequestException || cancellationToken.IsCancellationRequested, exception.Message);
                Assert.True(exception is not TokenRequestException failure || failure.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable, exception.ToString());
            }
        }
    }
}
