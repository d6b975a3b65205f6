using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Which calls wait for the renewal of a rejected token, and what the log tells when a 401 is returned.</summary>
public sealed class RejectedTokenTests
{
    private readonly NumberedTokens _tokens = new();
    private readonly TaskCompletionSource _renewed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _seen = new();

    [Fact]
    [Trait("Req", "R-118")]
    public async Task Only_the_call_with_the_401_waits_for_the_renewal()
    {
        RenewWhenReleased();
        await using ApiClient api = new(_tokens, request => RejectFirst(request, "/rejected"));
        Task<HttpResponseMessage> rejected = api.Http.GetAsync("/rejected");
        await Eventually.True(() => _tokens.Renewals.Count == 1);
        using HttpResponseMessage other = await api.Http.PostAsync("/other", new StringContent("can be sent again"));
        Assert.Equal(200, (int)other.StatusCode);
        Assert.False(rejected.IsCompleted);
        _renewed.SetResult();
        using HttpResponseMessage response = await rejected;
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(["/rejected token-1", "/other token-1", "/rejected token-2"], _seen);
        Assert.Equal(["orders token-1"], _tokens.Renewals);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_request_that_cannot_be_sent_again_joins_the_renewal_of_its_handler()
    {
        RenewWhenReleased();
        await using ApiClient api = new(_tokens, request => RejectFirst(request, "/rejected"));
        Task<HttpResponseMessage> rejected = api.Http.GetAsync("/rejected");
        await Eventually.True(() => _tokens.Renewals.Count == 1);
        Task<HttpResponseMessage> pipe = api.Http.PostAsync("/pipe", new OneWayContent());
        await Eventually.True(() => _tokens.Renewals.Count == 2);
        Assert.Single(_seen);
        _renewed.SetResult();
        Assert.Equal([200, 200], (await Task.WhenAll(rejected, pipe)).Select(response => (int)response.StatusCode));

        // Each of the two renewals of this provider has a token of its own, and either may end first.
        string sent = Assert.Single(_seen, call => call.StartsWith("/pipe ", StringComparison.Ordinal));
        Assert.NotEqual("/pipe token-1", sent);

        // After the renewal no call waits.
        (await api.Http.PostAsync("/pipe", new OneWayContent())).Dispose();
        Assert.Equal(2, _tokens.Renewals.Count);
    }

    [Fact]
    [Trait("Req", "R-118")]
    [Trait("Req", "R-119")]
    public async Task A_401_that_cannot_be_replayed_is_returned_after_the_renewal()
    {
        RenewWhenReleased();
        await using ApiClient api = new(_tokens, request => RejectFirst(request, "/pipe"));
        Task<HttpResponseMessage> call = api.Http.PostAsync("/pipe", new OneWayContent());
        await Eventually.True(() => _tokens.Renewals.Count == 1);
        Assert.False(call.IsCompleted);
        _renewed.SetResult();
        using HttpResponseMessage response = await call;
        Assert.Equal(401, (int)response.StatusCode);
        using HttpResponseMessage next = await api.Http.PostAsync("/pipe", new OneWayContent());
        Assert.Equal(["/pipe token-1", "/pipe token-2"], _seen);
        string line = Assert.Single(api.Log.Lines, line => line.StartsWith("Debug 13 ", StringComparison.Ordinal));
        Assert.Contains("cannot be sent again", line, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-103")]
    [Trait("Req", "R-118")]
    [InlineData(nameof(TokenRequestException), true)]
    [InlineData(nameof(ObjectDisposedException), true)]
    [InlineData(nameof(OptionsValidationException), true)]
    [InlineData(nameof(OperationCanceledException), false)]
    public async Task A_failed_renewal_returns_the_401_intact_and_a_cancellation_throws(string thrown, bool returns)
    {
        Exception exception = thrown switch
        {
            nameof(TokenRequestException) => new TokenRequestException("no token"),
            nameof(ObjectDisposedException) => new ObjectDisposedException("provider"),
            nameof(OptionsValidationException) => new OptionsValidationException("orders", typeof(ClientCredentialsOptions), ["gone"]),
            _ => new OperationCanceledException(),
        };
        _tokens.Renew = (_, _) => throw exception;
        await using ApiClient api = new(
            _tokens,
            _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("first") }));
        HttpResponseMessage? response = null;
        Exception? failure = await Record.ExceptionAsync(async () => response = await api.Http.GetAsync("/orders"));
        Assert.Equal(returns, failure is null);
        Assert.Equal(returns, response?.StatusCode == HttpStatusCode.Unauthorized);
        Assert.Equal(returns, response is not null && await response.Content.ReadAsStringAsync() == "first");
    }

    // Why a 401 is returned, and a part of the log line that tells it.
    [Theory]
    [Trait("Req", "R-118")]
    [InlineData("rationed", "renewals are limited")]
    [InlineData("failed", "the renewal failed")]
    [InlineData("same token again", "returned the same token again")]
    [InlineData("not replayable", "cannot be sent again")]
    [InlineData("another kind", "insufficient_scope")]
    [InlineData("redirect", "was redirected")]
    public async Task The_log_tells_at_Debug_why_a_401_is_returned(string reason, string expected)
    {
        _tokens.Renew = (rejected, _) => reason switch
        {
            "rationed" => new(rejected),
            "failed" => throw new TokenRequestException("no token"),
            "same token again" => new(_tokens.Create(rejected.Value)),
            _ => new(_tokens.Next()),
        };
        await using ApiClient api = new(_tokens, request =>
        {
            if (reason == "redirect")
            {
                request.RequestUri = new("https://api.example.com/moved");
            }

            return ApiClient.Respond(401, reason == "another kind" ? "Bearer error=\"insufficient_scope\"" : null);
        });
        using HttpResponseMessage response = await api.Http.PostAsync("/orders", reason == "not replayable" ? new OneWayContent() : null);
        string line = Assert.Single(api.Log.Lines, line => line.StartsWith("Debug 13 ", StringComparison.Ordinal));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.Contains("'api'", line, StringComparison.Ordinal);
        Assert.Contains("'orders'", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task An_API_that_rejects_new_tokens_is_logged_once_in_thirty_seconds()
    {
        TestTimeProvider time = new();
        await using ApiClient api = new(_tokens, _ => ApiClient.Respond(401, "Bearer error=\"invalid_token\r\n\u001b[31m\""), time: time);
        for (int call = 0; call < 10; call++)
        {
            time.Advance(TimeSpan.FromSeconds(call == 5 ? 31 : 1));
            using HttpResponseMessage response = await api.Http.GetAsync("/orders");
            Assert.Equal(401, (int)response.StatusCode);
        }

        string[] warnings = [.. api.Log.Lines.Where(line => line.StartsWith("Warning 12 ", StringComparison.Ordinal))];
        Assert.Equal(2, warnings.Length);
        Assert.All(["https://api.example.com", "'api'", "'orders'"], text => Assert.Contains(text, warnings[0], StringComparison.Ordinal));
        Assert.DoesNotContain(warnings[0], char.IsControl);
    }

    [Fact]
    [Trait("Req", "R-116")]
    public async Task ShouldRenew_replaces_the_rule_for_401()
    {
        await using ApiClient api = new(
            _tokens,
            request =>
            {
                _seen.Enqueue($"{request.RequestUri!.AbsolutePath} {request.Headers.Authorization!.Parameter}");
                return ApiClient.Respond(request.RequestUri.AbsolutePath == "/forbidden" ? 403 : 401);
            },
            options => options.ShouldRenew = response => response.StatusCode == HttpStatusCode.Forbidden);
        using HttpResponseMessage forbidden = await api.Http.GetAsync("/forbidden");
        using HttpResponseMessage unauthorized = await api.Http.GetAsync("/unauthorized");
        Assert.Equal(["/forbidden token-1", "/forbidden token-2", "/unauthorized token-2"], _seen);
    }

    [Theory]
    [Trait("Req", "R-116")]
    [InlineData(null, false)]
    [InlineData("Bearer", false)]
    [InlineData("Bearer error=\"expired\"", false)]
    [InlineData("Basic error=\"invalid_token\"", false)]
    [InlineData("Bearer error=\"invalid_token\"", true)]
    [InlineData("DPoP error=\"invalid_token\"", true)]
    public async Task RenewOnlyOnInvalidToken_demands_that_error(string? challenge, bool renews)
    {
        await using ApiClient api = new(_tokens, _ => ApiClient.Respond(401, challenge), options => options.RenewOnlyOnInvalidToken = true);
        using HttpResponseMessage response = await api.Http.GetAsync("/orders");
        Assert.Equal(renews ? 1 : 0, _tokens.Renewals.Count);
    }

    [Fact]
    [Trait("Req", "R-361")]
    public async Task A_request_can_choose_its_client()
    {
        _tokens.Get = name => new(_tokens.Create($"{name}-1"));
        _tokens.Renew = (rejected, _) => new(_tokens.Create(rejected.Value.Replace("-1", "-2", StringComparison.Ordinal)));
        await using ApiClient api = new(_tokens, request => RejectFirst(request, "/tenant-7"));
        foreach (string tenant in new[] { "tenant-7", "tenant-8" })
        {
            using HttpRequestMessage request = new HttpRequestMessage(HttpMethod.Get, $"/{tenant}").SetTokenClient(tenant);
            using HttpResponseMessage response = await api.Http.SendAsync(request);
        }

        using HttpResponseMessage own = await api.Http.GetAsync("/own");
        using HttpRequestMessage elsewhere = new HttpRequestMessage(HttpMethod.Get, "https://elsewhere.example.com/")
            .SetTokenClient("tenant-7");
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Http.SendAsync(elsewhere));
        Assert.Equal(["/tenant-7 tenant-7-1", "/tenant-7 tenant-7-2", "/tenant-8 tenant-8-1", "/own orders-1"], _seen);
        Assert.Equal(["tenant-7 tenant-7-1"], _tokens.Renewals);
    }

    private void RenewWhenReleased() => _tokens.Renew = async (rejected, cancellationToken) =>
    {
        await _renewed.Task.WaitAsync(cancellationToken);
        return _tokens.Current == rejected ? _tokens.Next() : _tokens.Current;
    };

    private Task<HttpResponseMessage> RejectFirst(HttpRequestMessage request, string path)
    {
        string token = request.Headers.Authorization!.Parameter!;
        _seen.Enqueue($"{request.RequestUri!.AbsolutePath} {token}");
        return ApiClient.Respond(request.RequestUri.AbsolutePath == path && token.EndsWith("-1", StringComparison.Ordinal) ? 401 : 200);
    }
}
