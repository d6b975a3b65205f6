using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>How many attempts a token request makes: it depends on whether a caller waits for it, and on what failed before.</summary>
public sealed class PatienceTests
{
    [Fact]
    [Trait("Req", "R-064")]
    public async Task A_request_that_callers_wait_for_makes_three_attempts_and_after_a_failure_one()
    {
        await using TestProvider provider = WithTwoRetries();
        provider.Server.Always(TestResponse.Unavailable());
        Assert.Equal(3, (await FailAsync(provider)).Attempts);
        for (int failures = 1; failures <= 3; failures++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(7));
            Assert.Equal(1, (await FailAsync(provider)).Attempts);
            Assert.Equal(3 + failures, provider.Server.Requests.Count);
        }

        // A success allows retries again.
        provider.Server.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(7));
        await provider.GetAsync();
        provider.Tokens.Forget("");
        provider.Server.Always(TestResponse.Unavailable());
        Assert.Equal(3, (await FailAsync(provider)).Attempts);
    }

    [Fact]
    [Trait("Req", "R-064")]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-101")]
    public async Task A_renewal_of_a_valid_token_makes_one_attempt()
    {
        await using TestProvider provider = WithTwoRetries();
        await provider.GetAsync();
        provider.Server.Always(TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Time.Advance(TimeSpan.FromSeconds(20));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Time.Advance(TimeSpan.FromSeconds(20));
        await provider.GetAndSettleAsync(requests: 3);
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task A_caller_whose_token_expired_gives_the_renewal_retries()
    {
        await using TestProvider provider = WithTwoRetries();
        provider.Server.Lifetime = TimeSpan.FromSeconds(100);
        await provider.GetAsync();
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Unavailable().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(98));
        await provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(3));
        DateTimeOffset called = provider.Time.GetUtcNow();
        Task<string> caller = provider.GetAsync();
        Assert.False(caller.IsCompleted);
        open.SetResult();
        await provider.Time.AdvanceUntilAsync(caller);
        Assert.Equal("token-2", await caller);
        Assert.Equal(3, provider.Server.Requests.Count);
        Assert.InRange(provider.Time.GetUtcNow() - called, TimeSpan.Zero, TimeSpan.FromSeconds(3));
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task A_caller_whose_token_expired_during_sleep_waits_for_the_renewal_at_most_Timeout()
    {
        await using TestProvider provider = WithTwoRetries();
        provider.Server.Lifetime = TimeSpan.FromSeconds(100);
        await provider.GetAsync();
        provider.Server.Always(TestResponse.Never());
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        await provider.GetAsync();
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        DateTimeOffset called = provider.Time.GetUtcNow();
        await FailAsync(provider);
        Assert.InRange(provider.Time.GetUtcNow() - called, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(31));
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task A_caller_who_joins_a_renewal_after_a_failed_one_waits_at_most_Timeout()
    {
        await using TestProvider provider = new(options => options.Timeout = options.AttemptTimeout = TimeSpan.FromSeconds(10));
        provider.Server.Lifetime = TimeSpan.FromSeconds(100);
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(91));
        provider.Server.Always(TestResponse.Unavailable());
        await provider.GetAndSettleAsync(2);
        provider.Server.Always(TestResponse.Never());
        provider.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal("token-1", await provider.GetAsync());
        await Eventually.True(() => provider.Server.Requests.Count == 3);
        provider.Time.Advance(TimeSpan.FromSeconds(6));
        DateTimeOffset called = provider.Time.GetUtcNow();
        await FailAsync(provider);
        Assert.InRange(provider.Time.GetUtcNow() - called, TimeSpan.Zero, TimeSpan.FromSeconds(10.5));
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task After_an_outage_of_any_length_a_token_is_there_within_seven_seconds()
    {
        int[] lengths = [1, 10, 90, 1000];
        foreach (int length in lengths)
        {
            await using TestProvider provider = WithTwoRetries();
            provider.Server.Always(TestResponse.Unavailable());
            for (int second = 0; second < length; second++)
            {
                await FailAsync(provider);
                provider.Time.Advance(TimeSpan.FromSeconds(1));
            }

            Assert.InRange(provider.Server.Requests.Count, 1, 4 + (length / 4));
            provider.Server.Recover();
            DateTimeOffset over = provider.Time.GetUtcNow();
            while (await Record.ExceptionAsync(() => provider.GetAsync()) is not null)
            {
                provider.Time.Advance(TimeSpan.FromSeconds(0.1));
            }

            Assert.InRange(provider.Time.GetUtcNow() - over, TimeSpan.Zero, TimeSpan.FromSeconds(7));
        }
    }

    [Fact]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-101")]
    public async Task Renewals_that_failed_before_the_token_expired_delay_nobody_afterwards()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        provider.Server.Always(TestResponse.Unavailable());
        while (provider.Tokens.GetStatus().State is not ClientState.Empty)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(provider.Tokens.GetStatus().ConsecutiveFailures, 3, 4);
        provider.Server.Recover();
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-091")]
    public async Task A_call_that_is_cancelled_before_it_begins_sends_nothing()
    {
        await using TestProvider provider = new();
        CancellationToken cancelled = new(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => provider.Tokens.GetTokenAsync(cancellationToken: cancelled).AsTask());
        await using TestTokenClient client = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Tokens.RequestTokenAsync(cancellationToken: cancelled));
        await provider.SettleAsync();
        Assert.Empty(provider.Server.Requests);
        Assert.Empty(client.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-087")]
    [Trait("Req", "R-193")]
    public async Task An_assertion_is_written_when_its_request_has_a_permit()
    {
        TimestampAuthentication authentication = new();
        await using TestProvider provider = new(options =>
        {
            (options.ClientSecret, options.MaxConcurrentRequests) = (null, 1);
            options.UseAuthentication(authentication);
        });
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        Task<string> first = provider.GetAsync("", Scope("a"));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        Task<string> second = provider.GetAsync("", Scope("b"));
        await Eventually.True(() => authentication.Read == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(8));
        open.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal($"{provider.Time.GetUtcNow():O}", provider.Server.Requests[1]["written"]);
    }

    private static TestProvider WithTwoRetries() => new(options => options.MaxRetries = 2);

    private static async Task<TokenRequestException> FailAsync(TestProvider provider)
    {
        Task<TokenRequestException> call = provider.FailAsync();
        await provider.Time.AdvanceUntilAsync(call);
        return await call;
    }

    private sealed class TimestampAuthentication : ClientAuthentication
    {
        private int _read;

        public int Read => Volatile.Read(ref _read);

        public override string Method => "private_key_jwt";

        public override ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _read);
            return ValueTask.CompletedTask;
        }

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            request.AddParameter("written", $"{request.Client.TimeProvider.GetUtcNow():O}");
            return ValueTask.CompletedTask;
        }
    }
}
