using System.Diagnostics;
using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>Attempts, the waits between them, and their time limits.</summary>
public sealed class RetryPipelineTests
{
    [Theory]
    [Trait("Req", "R-011")]
    [InlineData(true, 0, 10, 10)]
    [InlineData(false, 0, 10, 30)]
    [InlineData(false, 2, 30, 30)]
    public async Task A_server_that_never_responds_costs_no_more_than_the_timeouts(bool listens, int retries, int min, int max)
    {
        TestResponse never = TestResponse.Token()
            .After(token => Task.Delay(Timeout.Infinite, listens ? token : CancellationToken.None));
        await using TestTokenClient client = TestTokenClient.Receiving(never, options => options.MaxRetries = retries);
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.True(exception.IsTransient);
        Assert.Contains("The default client could not get a token within", exception.Message, StringComparison.Ordinal);

        // A handler that ignores cancellation is abandoned at the end of Timeout.
        Assert.InRange((client.Time.GetUtcNow() - start).TotalSeconds, min - 1, max + 1);
    }

    [Fact]
    [Trait("Req", "R-011")]
    public async Task Timeout_limits_all_attempts_together()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(TestResponse.Never(), options =>
        {
            options.MaxRetries = 10;
            (options.AttemptTimeout, options.Timeout) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));
        });
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.InRange((client.Time.GetUtcNow() - start).TotalSeconds, 4.9, 5.5);
        Assert.InRange(exception.Attempts, 2, 3);
    }

    [Fact]
    [Trait("Req", "R-064")]
    public async Task There_are_three_attempts_by_default_with_growing_waits_between_them()
    {
        int byDefault = new ClientCredentialsOptions().MaxRetries;
        for (int sample = 0; sample < 20; sample++)
        {
            await using TestTokenClient client = TestTokenClient.Receiving(
                TestResponse.Unavailable(),
                options => options.MaxRetries = byDefault);
            await client.FailAsync();
            DateTimeOffset[] times = [.. client.Server.Requests.Select(request => request.At)];
            Assert.Equal(3, times.Length);
            Assert.InRange((times[1] - times[0]).TotalSeconds, 0, 0.56);
            Assert.InRange((times[2] - times[1]).TotalSeconds, 0, 1.06);
        }
    }

    [Fact]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-064")]
    public async Task An_attempt_that_cannot_connect_within_ConnectTimeout_is_retried()
    {
        SocketsHttpHandler handler = new()
        {
            ConnectTimeout = TimeSpan.FromMilliseconds(50),
            ConnectCallback = async (_, cancellationToken) =>
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
                throw new UnreachableException();
            },
        };
        await using TestProvider provider = new(options => options.MaxRetries = 2, new TestAuthorizationServer(), handler);
        Assert.Equal(3, (await provider.FailAsync()).Attempts);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_Retry_After_within_Timeout_is_waited_for()
    {
        await using TestTokenClient client = new(options => options.MaxRetries = 2);
        client.Server.Next(TestResponse.TooManyRequests(TimeSpan.FromSeconds(7)));
        Assert.Equal("token-1", (await client.RequestAsync()).Value);
        Assert.InRange((client.Server.Requests[1].At - client.Server.Requests[0].At).TotalSeconds, 7, 7.1);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_Retry_After_beyond_Timeout_ends_the_request_at_once()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            TestResponse.TooManyRequests(TimeSpan.FromSeconds(31)),
            options => options.MaxRetries = 2);
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((1, TimeSpan.FromSeconds(31)), (client.Server.Requests.Count, exception.RetryAfter!.Value));

        // The fake clock moves while the work is on another thread.
        Assert.InRange(client.Time.GetUtcNow() - start, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [Trait("Req", "R-065")]
    [InlineData(429, "45", 45.0)]
    [InlineData(503, "45", 45.0)]
    [InlineData(500, "45", null)]
    [InlineData(400, "45", null)]
    [InlineData(429, " 45 ", 45.0)]
    [InlineData(429, "3600", 60.0)]
    [InlineData(429, "3600", 1800.0, 1800)]
    [InlineData(429, "99999999999", 60.0)]
    [InlineData(429, "0", null)]
    [InlineData(429, "-1", null)]
    [InlineData(429, "1.5", null)]
    [InlineData(429, "soon", null)]
    [InlineData(429, "", null)]
    [InlineData(429, "Thu, 01 Jan 2026 00:00:45 GMT", 45.0)]
    [InlineData(429, "Thu, 01 Jan 2026 02:00:00 GMT", 60.0)]
    [InlineData(429, "Wed, 31 Dec 2025 23:59:00 GMT", null)]
    public async Task Retry_After_is_in_seconds_or_a_date_and_at_most_MaxRetryAfter(int status, string value, double? seconds, int max = 60)
    {
        TestResponse response = TestResponse.Custom(() =>
        {
            HttpResponseMessage message = new((HttpStatusCode)status);
            message.Headers.TryAddWithoutValidation("Retry-After", value);
            return message;
        });
        await using TestTokenClient client = TestTokenClient.Receiving(
            response,
            options => options.MaxRetryAfter = TimeSpan.FromSeconds(max));
        Assert.Equal(seconds, (await client.FailAsync()).RetryAfter?.TotalSeconds);
    }

    [Fact]
    [Trait("Req", "R-064")]
    public async Task Attempts_have_waits_between_them_if_MaxRetryAfter_is_zero()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            TestResponse.Unavailable(TimeSpan.FromSeconds(30)),
            options => (options.MaxRetries, options.MaxRetryAfter) = (2, TimeSpan.Zero));
        await client.FailAsync();
        Assert.True(client.Server.Requests[^1].At > client.Server.Requests[0].At);
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task Your_own_pipeline_replaces_the_retries_and_is_bounded_by_Timeout_too()
    {
        await using TestTokenClient once = TestTokenClient.Receiving(
            TestResponse.Unavailable(),
            options => options.UseResiliencePipeline(ResiliencePipeline.Empty));
        Assert.Equal(1, (await once.FailAsync()).Attempts);
        ResiliencePipeline pipeline = new ResiliencePipelineBuilder().AddStrategy(_ => new HangingStrategy(), new HangingOptions()).Build();
        await using TestTokenClient hanging = new(options => options.UseResiliencePipeline(pipeline));
        DateTimeOffset start = hanging.Time.GetUtcNow();
        Task<TokenRequestException> failure = Assert.ThrowsAsync<TokenRequestException>(() => hanging.Tokens.RequestTokenAsync());
        await hanging.Time.AdvanceUntilAsync(failure, TimeSpan.FromSeconds(0.25));
        await failure;
        Assert.InRange((hanging.Time.GetUtcNow() - start).TotalSeconds, 29.9, 30.5);
    }

    private sealed class HangingOptions : ResilienceStrategyOptions;

    private sealed class HangingStrategy : ResilienceStrategy
    {
        protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback,
            ResilienceContext context,
            TState state)
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            throw new UnreachableException();
        }
    }
}
