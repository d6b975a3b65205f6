using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Configuration;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>How long the server is left alone after a failure, and what ends that.</summary>
public sealed class CoolDownTests
{
    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_not_sent_once_for_each_of_many_keys_that_start_together()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestAnswer.Error("invalid_client").After(async _ => await Task.Yield()));
        Task[] calls = [.. Enumerable.Range(0, 200).Select(number => provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")).AsTask().ContinueWith(task => task.Exception))];
        await Task.WhenAll(calls);
        Assert.InRange(provider.Endpoint.Requests.Count, 1, 20);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_not_sent_once_for_each_key_when_the_cool_down_ends()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestAnswer.Error("invalid_client"));
        for (int number = 0; number < 100; number++)
        {
            await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")));
        }

        Assert.Single(provider.Endpoint.Requests);
        provider.Endpoint.Always(TestAnswer.Error("invalid_client").After(async _ => await Task.Yield()));
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")).AsTask().ContinueWith(task => task.Exception)));
        Assert.InRange(provider.Endpoint.Requests.Count - 1, 1, 20);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-315")]
    public async Task A_bare_401_is_a_rejected_credential_too_and_is_not_tried_with_every_other_request()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestAnswer.Status(HttpStatusCode.Unauthorized));
        for (int number = 0; number < 20; number++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")));
        }

        Assert.Single(provider.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_success_ends_the_cool_down_of_the_credential()
    {
        await using Provider provider = new();
        TaskCompletionSource open = new();
        provider.Endpoint.Next(TestAnswer.Token().After(open.Task), TestAnswer.Error("invalid_client"));
        Task<AccessToken> slow = provider.Tokens.GetTokenAsync("", Hostile.Scope("slow")).AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("refused")));
        open.SetResult();
        await slow;

        // The server has just accepted this credential.
        Exception? failure = await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("third")));
        Assert.True(failure is null, failure?.Message);
    }

    [Fact]
    [Trait("Req", "R-192")]
    [Trait("Req", "R-100")]
    public async Task A_server_that_refuses_one_scope_with_invalid_client_takes_no_token_from_the_others()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(request => request["scope"] == "refused" ? TestAnswer.Error("invalid_client") : TestAnswer.Token(TimeSpan.FromSeconds(20)));
        int failed = 0;
        for (int second = 0; second < 300; second++)
        {
            failed += await Record.ExceptionAsync(provider.GetAsync) is null ? 0 : 1;
            await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("refused")));
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(0, failed);
    }

    [Theory]
    [Trait("Req", "R-190")]
    [InlineData("BasicEncoding", "Raw")]
    [InlineData("AllowedEndpointHosts:0", "login.example.com")]
    [InlineData("RequireAllScopes", "false")]
    public async Task A_changed_option_ends_the_cool_down(string option, string value)
    {
        (string Key, string? Value)[] client = [("orders:TokenEndpoint", "https://id.example.com/token"), ("orders:ClientId", "shop"), ("orders:ClientSecret", "se%cret"), ("orders:RequireAllScopes", "true")];
        await using Configured app = new(client);
        app.Endpoint.Always(TestAnswer.Error("invalid_client"));
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        app.Endpoint.Recover();
        app.Reload($"orders:{option}", value);
        Exception? failure = await Record.ExceptionAsync(async () => await app.Tokens.GetTokenAsync("orders"));
        Assert.True(failure is null, failure?.Message);
    }

    [Theory]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-190")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_that_the_server_has_recovered_from_is_not_thrown_again(bool transient)
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(1000) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(910));
        provider.Endpoint.Always(transient ? TestAnswer.Unavailable() : TestAnswer.Error("invalid_scope"));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Endpoint.Always(TestAnswer.SameToken());
        provider.Time.Advance(TimeSpan.FromSeconds(38));
        await provider.GetAndSettleAsync(requests: 3);

        // From here on the server is well; it repeats its token until it is gone. The machine sleeps for two minutes.
        provider.Endpoint.Recover();
        provider.Time.JumpWallClock(TimeSpan.FromSeconds(120));
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        Exception? failure = await Record.ExceptionAsync(provider.GetAsync);
        Assert.True(failure is null, $"the server answered well last, and yet: {failure?.Message}");
    }

    [Fact]
    [Trait("Req", "R-098")]
    [Trait("Req", "R-314")]
    public async Task A_failure_before_a_repeated_token_is_not_thrown_at_the_end_of_it()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(100) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(91));
        provider.Endpoint.Outage();
        await provider.GetAndSettleAsync(requests: 2);
        DateTimeOffset end = provider.Time.GetUtcNow() + TimeSpan.FromSeconds(9);
        provider.Endpoint.Always(request => request.At < end ? TestAnswer.Response(() => Respond.Token("token-1", Math.Ceiling((end - provider.Time.GetUtcNow()).TotalSeconds))) : TestAnswer.Token());
        List<string> failures = [];
        for (int step = 0; step < 1000; step++)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(10));
            if (await Record.ExceptionAsync(provider.GetAsync) is { } failure)
            {
                failures.Add($"{provider.Time.GetUtcNow() - end}: {failure.Message}");
            }

            await provider.SettleAsync();
        }

        Assert.True(failures.Count == 0, $"{failures.Count} calls failed, the first at {failures.FirstOrDefault()}");
    }

    [Fact]
    [Trait("Req", "R-081")]
    [Trait("Req", "R-101")]
    public async Task A_wait_set_while_the_token_lived_does_not_outlast_it_by_more_than_the_first_step()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromHours(10) } };
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(9.2));
        provider.Endpoint.Outage();
        await provider.GetAndSettleAsync(requests: 2);

        // The lid is closed for an hour; the network is back.
        provider.Endpoint.Recover();
        provider.Time.JumpWallClock(TimeSpan.FromHours(1));
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        Exception? failure = await Record.ExceptionAsync(provider.GetAsync);
        Assert.True(failure is null, failure?.Message);
    }

    [Fact]
    [Trait("Req", "R-101")]
    public async Task Also_in_the_last_minute_of_a_long_token_two_attempts_a_minute()
    {
        await using Provider provider = new();
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(3540));
        provider.Endpoint.Outage();
        for (int step = 0; step < 590; step++)
        {
            await provider.GetAsync();
            await provider.SettleAsync();
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.InRange(provider.Endpoint.Requests.Count - 1, 1, 3);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-310")]
    public async Task A_reload_of_something_else_ends_no_cool_down()
    {
        (string Key, string? Value)[] client =
        [
            .. Configured.Client("orders"), .. Configured.Client("stock"), ("orders:Scopes:0", "read"), ("orders:Scopes:1", "write"),
            ("orders:Parameters:tenant", "a"), ("orders:Parameters:region", "b"),
        ];
        await using Configured app = new(client);
        app.Endpoint.Always(TestAnswer.Error("invalid_client"));
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        app.Reload("stock:ClientId", "another");
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        Assert.Single(app.Endpoint.Requests);
        app.Reload("orders:Timeout", "00:00:20");
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        Assert.Equal(2, app.Endpoint.Requests.Count);
    }
}
