using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>A revoked token is handed out no more, whatever else happens meanwhile.</summary>
public sealed class RevokedTokenTests
{
    [Fact]
    [Trait("Req", "R-232")]
    public async Task The_token_is_removed_before_the_revocation_is_sent()
    {
        TaskCompletionSource release = new();
        using RevocationServer server = new() { Delay = release.Task };
        await using TestProvider provider = server.CreateProvider();
        await provider.GetAsync();
        Task revocation = provider.Tokens.RevokeAsync();
        await Eventually.True(() => server.Revocations.Count == 1);
        Assert.Equal("token-2", await provider.GetAsync());
        Assert.False(revocation.IsCompleted);
        release.SetResult();
        await revocation;
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task Without_a_valid_token_nothing_is_sent()
    {
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider();
        await provider.Tokens.RevokeAsync();
        await provider.GetAsync();
        await provider.Tokens.RevokeAsync("", TestProvider.Scope("other"));
        await provider.Tokens.RevokeAsync();
        await provider.Tokens.RevokeAsync();
        Assert.Single(server.Revocations);
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(2));
        await provider.Tokens.RevokeAsync();
        Assert.Single(server.Revocations);
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task Only_the_token_of_the_request_is_revoked()
    {
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider();
        await provider.GetAsync();
        await provider.GetAsync("", TestProvider.Scope("other"));
        await provider.Tokens.RevokeAsync("", TestProvider.Scope("other"));
        Assert.Contains("\ntoken=token-2&", Assert.Single(server.Revocations), StringComparison.Ordinal);
        Assert.Equal("token-1", await provider.GetAsync());
        Assert.Equal("token-3", await provider.GetAsync("", TestProvider.Scope("other")));
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task None_of_1000_callers_gets_the_token_after_RevokeAsync_returned()
    {
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider();
        string revoked = await provider.GetAsync();
        bool hasReturned = false;
        Task[] callers = [.. Enumerable.Range(0, 1000).Select(_ => Task.Run(CallAsync))];
        await provider.Tokens.RevokeAsync();
        Volatile.Write(ref hasReturned, true);
        await Task.WhenAll(callers);
        Assert.Equal(2, server.TokensIssued);

        async Task CallAsync()
        {
            bool isLate = false;
            while (!isLate)
            {
                await Task.Yield();
                isLate = Volatile.Read(ref hasReturned);
                string token = await provider.GetAsync();
                Assert.False(isLate && token == revoked, "A call that began after the revocation got the revoked token.");
            }
        }
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task A_renewal_under_way_does_not_bring_the_token_back()
    {
        TaskCompletionSource release = new();
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider();
        await provider.GetAsync();
        server.Issue = async number =>
        {
            await (number == 2 ? release.Task : Task.CompletedTask);

            // The server repeats its token with a later expiry.
            return Respond.Token(number == 2 ? "token-1" : $"token-{number}", 7200);
        };
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAsync();
        await Eventually.True(() => server.TokensIssued == 2);
        await provider.Tokens.RevokeAsync();
        release.SetResult();
        Assert.Equal("token-3", await provider.GetAsync());
        Assert.Equal("token-3", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-208")]
    [Trait("Req", "R-232")]
    [InlineData(0)]
    [InlineData(120)]
    public async Task A_shared_cache_does_not_give_the_revoked_token_back(int secondsLater)
    {
        using RevocationServer server = new();
        DictionaryCache cache = new();
        await using TestProvider provider = TestProvider.WithServices(
            services =>
            {
                services.AddSingleton<ISharedTokenCache>(cache);
                TestProvider.AddClient(services, "", options => options.RevocationEndpoint = RevocationServer.Endpoint);
            },
            handler: server);
        TokenRequest request = TestProvider.Scope("other");
        await provider.GetAsync("", request);
        await provider.Tokens.RevokeAsync("", request);

        // The sweep of idle tokens runs with this call.
        provider.Time.Advance(TimeSpan.FromSeconds(secondsLater));
        await provider.GetAsync();
        Assert.Equal("token-1", cache.Tokens[provider.Tokens.KeyOf("", request)].Value);
        Assert.Equal("token-3", await provider.GetAsync("", request));
    }

    private sealed class DictionaryCache : ISharedTokenCache
    {
        public ConcurrentDictionary<string, AccessToken> Tokens { get; } = new();

        public async Task<AccessToken> GetOrRequestAsync(
            string key,
            AccessToken? notThisToken,
            TimeSpan timeout,
            Func<CancellationToken, Task<AccessToken>> request,
            CancellationToken cancellationToken)
        {
            if (Tokens.TryGetValue(key, out AccessToken? shared) && shared.Value != notThisToken?.Value)
            {
                return shared;
            }

            return Tokens[key] = await request(cancellationToken);
        }
    }
}
