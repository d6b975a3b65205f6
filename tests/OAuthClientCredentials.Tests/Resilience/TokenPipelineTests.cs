using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using Polly;

namespace OAuthClientCredentials.Tests.Resilience;

/// <summary>Attempts and their limits in time. Nothing here waits for real time.</summary>
public sealed class TokenPipelineTests
{
    [Theory]
    [Trait("Req", "R-011")]
    [InlineData(true, 0, 10)]
    [InlineData(false, 0, 10)]
    [InlineData(false, 2, 30)]
    public async Task A_server_that_never_answers_costs_no_more_than_the_limits_say(bool listens, int retries, int seconds)
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Token().After(token => Task.Delay(Timeout.Infinite, listens ? token : CancellationToken.None)));
        using OneClient client = new(endpoint, options => options.MaxRetries = retries);
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.True(exception.IsTransient);
        Assert.Contains("The default client could not get a token within", exception.Message, StringComparison.Ordinal);

        // A handler that does not listen to cancellation is left to itself when the total limit ends.
        double most = listens || retries > 0 ? seconds : 30;
        Assert.InRange((client.Time.GetUtcNow() - start).TotalSeconds, seconds - 1, most + 1);
    }

    [Fact]
    [Trait("Req", "R-011")]
    public async Task Timeout_bounds_all_attempts_together()
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Never());
        using OneClient client = new(endpoint, options => (options.MaxRetries, options.AttemptTimeout, options.Timeout) = (10, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)));
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.InRange((client.Time.GetUtcNow() - start).TotalSeconds, 4.9, 5.5);
        Assert.InRange(exception.Attempts, 2, 3);
    }

    [Fact]
    [Trait("Req", "R-064")]
    public async Task Three_attempts_at_most_with_growing_waits_between_them()
    {
        for (int sample = 0; sample < 20; sample++)
        {
            TestAuthorizationServer endpoint = new(new TestTimeProvider());
            endpoint.Always(TestResponse.Unavailable());
            using OneClient client = new(endpoint, options => options.MaxRetries = new ClientCredentialsOptions().MaxRetries);
            await client.FailAsync();
            DateTimeOffset[] times = [.. endpoint.Requests.Select(request => request.At)];
            Assert.Equal(3, times.Length);
            Assert.InRange((times[1] - times[0]).TotalSeconds, 0, 0.56);
            Assert.InRange((times[2] - times[1]).TotalSeconds, 0, 1.06);
        }
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_wait_that_fits_into_the_flight_is_waited_for()
    {
        TestAuthorizationServer endpoint = new(new TestTimeProvider());
        endpoint.Next(TestResponse.TooManyRequests(TimeSpan.FromSeconds(7)));
        using OneClient client = new(endpoint, options => options.MaxRetries = 2);
        Assert.Equal("token-1", (await client.GetAsync()).Value);
        Assert.InRange((endpoint.Requests[1].At - endpoint.Requests[0].At).TotalSeconds, 7, 7.1);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_wait_that_is_longer_than_the_flight_ends_it_at_once()
    {
        TestAuthorizationServer endpoint = new();
        endpoint.Always(TestResponse.TooManyRequests(TimeSpan.FromSeconds(31)));
        using OneClient client = new(endpoint, options => options.MaxRetries = 2);
        DateTimeOffset start = client.Time.GetUtcNow();
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((1, TimeSpan.FromSeconds(31)), (endpoint.Requests.Count, exception.RetryAfter!.Value));

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
    [InlineData(429, "99999999999", 60.0)]
    [InlineData(429, "0", null)]
    [InlineData(429, "-1", null)]
    [InlineData(429, "1.5", null)]
    [InlineData(429, "soon", null)]
    [InlineData(429, "", null)]
    [InlineData(429, "Thu, 01 Jan 2026 00:00:45 GMT", 45.0)]
    [InlineData(429, "Thu, 01 Jan 2026 02:00:00 GMT", 60.0)]
    [InlineData(429, "Wed, 31 Dec 2025 23:59:00 GMT", null)]
    public async Task Retry_after_is_seconds_or_a_date_and_has_a_limit(int status, string value, double? seconds)
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Custom(() =>
        {
            HttpResponseMessage response = new((HttpStatusCode)status);
            response.Headers.TryAddWithoutValidation("Retry-After", value);
            return response;
        }));
        using OneClient client = new(endpoint);
        Assert.Equal(seconds, (await client.FailAsync()).RetryAfter?.TotalSeconds);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task The_limit_of_retry_after_is_an_option()
    {
        TestAuthorizationServer endpoint = new();
        endpoint.Always(TestResponse.TooManyRequests(TimeSpan.FromHours(2)));
        using OneClient client = new(endpoint, options => options.MaxRetryAfter = TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromHours(1), (await client.FailAsync()).RetryAfter);
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_pipeline_of_the_applications_own_takes_the_place_of_ours_and_is_bounded_too()
    {
        TestAuthorizationServer endpoint = new();
        endpoint.Always(TestResponse.Status(HttpStatusCode.ServiceUnavailable));
        using OneClient once = new(endpoint, options => options.UseResiliencePipeline(ResiliencePipeline.Empty));
        Assert.Equal(1, (await once.FailAsync()).Attempts);

        using OneClient hanging = new(endpoint, options => options.UseResiliencePipeline(
            new ResiliencePipelineBuilder().AddStrategy(_ => new Hang(), new HangOptions()).Build()));
        DateTimeOffset start = hanging.Time.GetUtcNow();
        await hanging.FailAsync();
        Assert.InRange((hanging.Time.GetUtcNow() - start).TotalSeconds, 29.9, 30.5);
    }

    private sealed class HangOptions : ResilienceStrategyOptions;

    private sealed class Hang : ResilienceStrategy
    {
        protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
            throw new System.Diagnostics.UnreachableException();
        }
    }
}
