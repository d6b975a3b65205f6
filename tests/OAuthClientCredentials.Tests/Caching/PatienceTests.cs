using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>How many attempts a flight makes: it depends on who waits for it, and on what failed before.</summary>
public sealed class PatienceTests
{
    [Fact]
    [Trait("Req", "R-064")]
    public async Task A_flight_that_callers_wait_for_makes_three_attempts_and_the_next_one()
    {
        await using Provider provider = new(options => options.MaxRetries = 2);
        provider.Endpoint.Always(TestResponse.Unavailable());
        TokenRequestException first = await FailAsync(provider);
        Assert.Equal(3, first.Attempts);

        // A probe, until something succeeds.
        for (int probe = 1; probe <= 3; probe++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(7));
            Assert.Equal(1, (await FailAsync(provider)).Attempts);
            Assert.Equal(3 + probe, provider.Endpoint.Requests.Count);
        }

        provider.Endpoint.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(7));
        await provider.GetAsync();
        provider.Tokens.Forget("");
        provider.Endpoint.Always(TestResponse.Unavailable());
        Assert.Equal(3, (await FailAsync(provider)).Attempts);
    }

    [Fact]
    [Trait("Req", "R-064")]
    [Trait("Req", "R-100")]
    public async Task A_flight_behind_a_valid_token_makes_one_attempt()
    {
        await using Provider provider = new(options => options.MaxRetries = 2);
        await provider.GetAsync();
        provider.Endpoint.Always(TestResponse.Unavailable());
        provider.Time.Advance(TimeSpan.FromSeconds(3300));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Time.Advance(TimeSpan.FromSeconds(20));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Time.Advance(TimeSpan.FromSeconds(20));
        await provider.GetAndSettleAsync(requests: 3);
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task A_caller_whose_token_expired_promotes_the_flight_behind_it()
    {
        await using Provider provider = new(options => options.MaxRetries = 2) { Endpoint = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        TaskCompletionSource open = new();
        provider.Endpoint.Next(TestResponse.Unavailable().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(98));
        await provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(3));
        DateTimeOffset called = provider.Time.GetUtcNow();
        Task<string> caller = provider.GetAsync();
        Assert.False(caller.IsCompleted);
        open.SetResult();
        await PassAsync(provider, caller);

        // The same flight tried again, and the caller waited no longer than a retry takes.
        Assert.Equal("token-2", await caller);
        Assert.Equal(3, provider.Endpoint.Requests.Count);
        Assert.InRange(provider.Time.GetUtcNow() - called, TimeSpan.Zero, TimeSpan.FromSeconds(3));
    }

    [Fact]
    [Trait("Req", "R-363")]
    public async Task A_machine_that_slept_through_the_expiry_waits_for_the_flight_no_longer_than_Timeout()
    {
        await using Provider provider = new(options => options.MaxRetries = 2) { Endpoint = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        provider.Endpoint.Always(TestResponse.Never());
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        await provider.GetAsync();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        DateTimeOffset called = provider.Time.GetUtcNow();
        Task<string> caller = provider.GetAsync();
        await PassAsync(provider, caller);
        await Assert.ThrowsAsync<TokenRequestException>(() => caller);
        Assert.InRange(provider.Time.GetUtcNow() - called, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(31));
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task After_an_outage_of_any_length_a_token_is_there_within_seven_seconds()
    {
        int[] lengths = [1, 10, 90, 1000];
        foreach (int length in lengths)
        {
            await using Provider provider = new(options => options.MaxRetries = 2);
            provider.Endpoint.Always(TestResponse.Unavailable());
            for (int second = 0; second < length; second++)
            {
                await FailAsync(provider);
                provider.Time.Advance(TimeSpan.FromSeconds(1));
            }

            Assert.InRange(provider.Endpoint.Requests.Count, 1, 4 + (length / 4));
            provider.Endpoint.Recover();
            DateTimeOffset over = provider.Time.GetUtcNow();
            while (await Record.ExceptionAsync(provider.GetAsync) is not null)
            {
                provider.Time.Advance(TimeSpan.FromSeconds(0.1));
            }

            Assert.InRange(provider.Time.GetUtcNow() - over, TimeSpan.Zero, TimeSpan.FromSeconds(7));
        }
    }

    [Fact]
    [Trait("Req", "R-101")]
    [Trait("Req", "R-100")]
    public async Task What_failed_behind_the_token_delays_nobody_when_it_expires()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        provider.Endpoint.Always(TestResponse.Unavailable());
        while (provider.Tokens.GetStatus().State is not ClientState.Empty)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(provider.Tokens.GetStatus().ConsecutiveFailures, 3, 4);
        provider.Endpoint.Recover();
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Theory]
    [Trait("Req", "R-314")]
    [InlineData(0)]
    [InlineData(-7200)]
    [InlineData(1800)]
    public async Task A_repeated_token_with_a_later_expiry_is_a_renewal_and_nobody_waits(int jump)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(100) } };
        provider.Endpoint.Always(TestResponse.Token(value: "same"));
        await provider.GetAsync();
        for (int second = 0; second < 1000; second++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            if (second == 500)
            {
                provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
                await provider.GetAsync();
            }

            ValueTask<AccessToken> call = provider.Tokens.GetTokenAsync();
            Assert.True(call.IsCompletedSuccessfully, $"the call of second {second} waited");
            await call;
            await provider.SettleAsync();
        }

        Assert.InRange(provider.Endpoint.Requests.Count, 10, 16);
    }

    [Theory]
    [Trait("Req", "R-314")]
    [InlineData(0)]
    [InlineData(-7200)]
    [InlineData(3400)]
    public async Task A_repeated_token_with_the_same_expiry_is_asked_for_rarely(int jump)
    {
        await using Provider provider = new();
        DateTimeOffset end = provider.Time.GetUtcNow() + TimeSpan.FromSeconds(3600);
        provider.Endpoint.Always(request => TestResponse.Custom(() => Respond.Token("same", Math.Ceiling((end - request.At).TotalSeconds))));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(100));
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(jump));
        end += TimeSpan.FromSeconds(jump);
        for (int second = 0; second < 60; second++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            await provider.GetAsync();
            await provider.SettleAsync();
        }

        Assert.InRange(provider.Endpoint.Requests.Count, 1, 5);
    }

    [Fact]
    [Trait("Req", "R-091")]
    public async Task A_call_that_is_cancelled_before_it_begins_sends_nothing()
    {
        await using Provider provider = new();
        CancellationToken cancelled = new(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await provider.Tokens.GetTokenAsync(cancellationToken: cancelled));
        TestAuthorizationServer server = new();
        using OneClient client = new(server);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Tokens.RequestTokenAsync(cancellationToken: cancelled));
        await provider.SettleAsync();
        Assert.Empty(provider.Endpoint.Requests);
        Assert.Empty(server.Requests);
    }

    [Fact]
    [Trait("Req", "R-087")]
    [Trait("Req", "R-193")]
    public async Task A_proof_is_written_when_the_turn_of_its_request_has_come()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        TaskCompletionSource open = new();
        server.Next(TestResponse.Token().After(open.Task));
        Dated authentication = new();
        await using TokenProvider tokens = Hostile.Create(
            options =>
            {
                (options.ClientSecret, options.MaxConcurrentRequests) = (null, 1);
                options.UseAuthentication(authentication);
            },
            server.CreateHandler(),
            time);
        Task<AccessToken> first = tokens.GetTokenAsync("", Hostile.Scope("a")).AsTask();
        await Eventually.True(() => server.Requests.Count == 1);
        Task<AccessToken> second = tokens.GetTokenAsync("", Hostile.Scope("b")).AsTask();
        await Eventually.True(() => authentication.Read == 2);
        time.Advance(TimeSpan.FromSeconds(8));
        open.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal($"{time.GetUtcNow():O}", server.Requests[1]["written"]);
    }

    private static async Task<TokenRequestException> FailAsync(Provider provider)
    {
        Task<string> call = provider.GetAsync();
        await PassAsync(provider, call);
        return await Assert.ThrowsAsync<TokenRequestException>(() => call);
    }

    // Lets time pass on the fake clock until the call ends.
    private static async Task PassAsync(Provider provider, Task call)
    {
        while (!call.IsCompleted && !await Hostile.EndsAsync(call, 0.01))
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
        }
    }

    private sealed class Dated : ClientAuthentication
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
