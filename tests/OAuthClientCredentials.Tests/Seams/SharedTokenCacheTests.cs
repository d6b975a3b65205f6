using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Tests.Seams;

/// <summary>ISharedTokenCache: several processes share tokens.</summary>
public sealed class SharedTokenCacheTests
{
    private readonly DictionaryCache _cache = new();
    private readonly TestAuthorizationServer _server = new(new TestTimeProvider());

    [Fact]
    [Trait("Req", "R-207")]
    public async Task A_shared_cache_gives_two_processes_one_token_and_no_rejected_one()
    {
        _server.Lifetime = TimeSpan.FromSeconds(1000);
        await using TestProvider first = Create();
        await using TestProvider second = Create();
        AccessToken token = await first.Tokens.GetTokenAsync();
        first.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(token.Value, await second.GetAsync());
        Assert.Single(_server.Requests);

        // The rejected token is replaced once, and the other process takes the new one.
        AccessToken renewed = await first.Tokens.RenewTokenAsync(token);
        Assert.NotEqual(token.Value, renewed.Value);
        Assert.Equal(renewed.Value, (await second.Tokens.RenewTokenAsync(token)).Value);
        Assert.Equal(2, _server.Requests.Count);

        // A renewal that is due takes a newer token from the cache instead of requesting one.
        first.Time.Advance(TimeSpan.FromSeconds(910));
        await first.GetAsync();
        await first.SettleAsync();
        await second.GetAsync();
        await second.SettleAsync();
        Assert.Equal(await first.GetAsync(), await second.GetAsync());
        Assert.Equal(3, _server.Requests.Count);
        Assert.Equal(64, Assert.Single(_cache.Tokens.Keys).Length);
    }

    [Fact]
    [Trait("Req", "R-208")]
    public async Task A_shared_cache_is_given_the_token_to_replace()
    {
        _server.Lifetime = TimeSpan.FromSeconds(1000);
        await using TestProvider provider = Create();
        AccessToken rejected = await provider.Tokens.GetTokenAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(10));
        AccessToken current = await provider.Tokens.RenewTokenAsync(rejected);
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        await provider.GetAsync();
        await provider.SettleAsync();
        Assert.Equal([null, rejected.Value, current.Value], _cache.Replaced);
        string[] tokens = [rejected.Value, current.Value, await provider.GetAsync()];
        Assert.Equal(3, tokens.Distinct().Count());
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_token_in_the_shared_cache_is_served_while_the_credential_is_held_back()
    {
        await using TestProvider provider = Create();
        _server.Always(TestResponse.Error("invalid_client"));
        await provider.FailAsync();
        _cache.Tokens[provider.Tokens.KeyOf()] = new AccessToken("from-another", provider.Time.GetUtcNow() + TimeSpan.FromHours(1));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("from-another", await provider.GetAsync());
        Assert.Single(_server.Requests);
    }

    [Theory]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(TimeoutException))]
    public async Task A_shared_cache_that_hangs_or_throws_leaves_nobody_waiting(Type thrown)
    {
        await using TestProvider provider = Create();
        _cache.Delay = new TaskCompletionSource().Task;
        Task<TokenRequestException> hanging = provider.FailAsync();
        await provider.Time.AdvanceUntilAsync(hanging, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(35));
        await hanging;
        _cache.Delay = Task.FromException((Exception)Activator.CreateInstance(thrown, "canary")!);
        provider.Time.Advance(TimeSpan.FromSeconds(7));
        TokenRequestException broken = await provider.FailAsync();
        Assert.DoesNotContain("canary", broken.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("did not respond", broken.Message, StringComparison.Ordinal);
        Assert.True(broken.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-090")]
    public async Task A_shared_token_that_never_expires_is_cached_with_the_system_clock_too()
    {
        await using TestProvider provider = Create(new TestAuthorizationServer());
        _cache.Tokens[provider.Tokens.KeyOf()] = new AccessToken("forever", DateTimeOffset.MaxValue);
        for (int call = 0; call < 5; call++)
        {
            Assert.Equal("forever", await provider.GetAsync());
        }

        Assert.Equal(1, _cache.Calls);
    }

    [Fact]
    [Trait("Req", "R-202")]
    public async Task A_shared_token_of_another_type_is_a_miss()
    {
        await using TestProvider provider = Create();
        DateTimeOffset expiry = provider.Time.GetUtcNow() + TimeSpan.FromHours(1);
        _cache.Tokens[provider.Tokens.KeyOf()] = new AccessToken("other", expiry, "DPoP");
        Assert.NotEqual("other", await provider.GetAsync());
        Assert.Single(_server.Requests);
    }

    [Fact]
    [Trait("Req", "R-171")]
    public async Task A_token_that_is_bound_to_a_replaced_certificate_is_used_and_not_shared()
    {
        ClientCredentialsOptions options = new() { TokenEndpoint = "https://id.example.com/token", ClientId = "shop" };
        options.UseTokenBinding(new Key("old"));
        ClientSettings settings = new(new("", "ClientCredentials", "shop", null, TimeProvider.System), options);
        AccessToken bound = new("bound", DateTimeOffset.MaxValue) { Binding = new Key("new") };
        SharedTokens tokens = new(_cache, (_, _) => Task.FromResult(bound), TimeProvider.System);
        WantedToken wanted = new(settings, settings.DefaultRequest, isAwaited: true);
        Assert.Same(bound, await tokens.FetchAsync(wanted, CancellationToken.None));
        Assert.Empty(_cache.Tokens);
    }

    private TestProvider Create(TestAuthorizationServer? server = null) => TestProvider.WithServices(
        services =>
        {
            services.AddSingleton<ISharedTokenCache>(_cache);
            TestProvider.AddClient(services, "");
        },
        server ?? _server);

    private sealed class Key(string thumbprint) : TokenBinding
    {
        public override string TokenType => "Bearer";

        public override string Thumbprint => thumbprint;
    }

    private sealed class DictionaryCache : ISharedTokenCache
    {
        private int _calls;

        public ConcurrentDictionary<string, AccessToken> Tokens { get; } = new();

        /// <summary>The value of <c>notThisToken</c> at each call.</summary>
        public ConcurrentQueue<string?> Replaced { get; } = new();

        public Task Delay { get; set; } = Task.CompletedTask;

        public int Calls => Volatile.Read(ref _calls);

        public async Task<AccessToken> GetOrRequestAsync(
            string key,
            AccessToken? notThisToken,
            TimeSpan timeout,
            Func<CancellationToken, Task<AccessToken>> request,
            CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _calls);
            Replaced.Enqueue(notThisToken?.Value);
            await Delay.WaitAsync(cancellationToken);
            if (Tokens.TryGetValue(key, out AccessToken? shared) && shared.Value != notThisToken?.Value)
            {
                // As it comes from a store: without anything of this process.
                return new AccessToken(shared.Value, shared.ExpiresAt, shared.TokenType) { RequestedAt = shared.RequestedAt };
            }

            return Tokens[key] = await request(cancellationToken);
        }
    }
}
