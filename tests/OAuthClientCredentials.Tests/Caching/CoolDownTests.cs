using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Clients;
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
        provider.Endpoint.Always(TestResponse.Error("invalid_client").After(async _ => await Task.Yield()));
        Task[] calls = [.. Enumerable.Range(0, 200).Select(number => provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")).AsTask().ContinueWith(task => task.Exception))];
        await Task.WhenAll(calls);
        Assert.InRange(provider.Endpoint.Requests.Count, 1, 20);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_not_sent_once_for_each_key_when_the_cool_down_ends()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        for (int number = 0; number < 100; number++)
        {
            await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")));
        }

        Assert.Single(provider.Endpoint.Requests);
        provider.Endpoint.Always(TestResponse.Error("invalid_client").After(async _ => await Task.Yield()));
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(number => provider.Tokens.GetTokenAsync("", Hostile.Scope($"s{number}")).AsTask().ContinueWith(task => task.Exception)));
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-315")]
    public async Task A_bare_403_for_one_scope_holds_back_that_scope_only()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(request => request["scope"] == "admin" ? TestResponse.Status(HttpStatusCode.Forbidden) : TestResponse.Token());
        await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("admin")));
        await provider.Tokens.GetTokenAsync("", Hostile.Scope("read"));
        await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("admin")));
        Assert.Equal(2, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_sent_three_times_in_the_first_minute_and_once_a_minute_later()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        int inFirstMinute = 0;
        for (int call = 0; call < 3_000; call++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
            inFirstMinute = call == 600 ? provider.Endpoint.Requests.Count : inFirstMinute;
        }

        Assert.InRange(inFirstMinute, 2, 3);
        Assert.InRange(provider.Endpoint.Requests.Count - inFirstMinute, 3, 4);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task When_the_cool_down_of_a_credential_is_over_one_request_tries_and_the_others_are_held_back()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.Error("invalid_client"));
        TaskCompletionSource open = new();
        TokenRequestException first = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Endpoint.Next(TestResponse.Token().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Task<AccessToken> trial = provider.Tokens.GetTokenAsync("", Hostile.Scope("a")).AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 2);
        TokenRequestException held = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("b")));
        Assert.Equal((first.NextAttemptAt, first.Error, 0), (held.NextAttemptAt, held.Error, held.Attempts));
        Assert.Equal(2, provider.Endpoint.Requests.Count);
        open.SetResult();
        await trial;

        // The server has accepted the credential: whoever was held back asks within a second.
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        await provider.Tokens.GetTokenAsync("", Hostile.Scope("b"));
        await provider.GetAsync();
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task The_cool_down_of_a_credential_doubles_and_is_the_same_for_all_requests()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        double[] expected = [10, 20, 40, 60, 60];
        foreach (double wait in expected)
        {
            TokenRequestException failure = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            Assert.InRange((failure.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, wait, wait * 1.25);
            TokenRequestException other = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("other")));
            Assert.Equal(failure.NextAttemptAt, other.NextAttemptAt);
            provider.Time.Advance((failure.NextAttemptAt - provider.Time.GetUtcNow())!.Value + TimeSpan.FromSeconds(0.5));
        }

        Assert.Equal(expected.Length, provider.Endpoint.Requests.Count);
        provider.Endpoint.Recover();
        await provider.GetAsync();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        TokenRequestException anew = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("third")));
        Assert.InRange((anew.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 10, 12.5);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_trial_that_ends_without_a_verdict_leaves_the_next_request_to_try()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.Error("invalid_client"), TestResponse.Unavailable());
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        TokenRequestException outage = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, outage.StatusCode);
        await provider.Tokens.GetTokenAsync("", Hostile.Scope("other"));
        Assert.Equal(3, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-312")]
    public async Task A_replaced_secret_file_ends_the_cool_down_within_two_seconds()
    {
        using TemporaryFile file = new("wrong");
        await using Provider provider = new(options => (options.ClientSecret, options.ClientSecretFile) = (null, file.Path));
        provider.Endpoint.Always(request => request.Used("right") ? TestResponse.Token() : TestResponse.Error("invalid_client"));
        string[] scopes = ["a", "b"];
        foreach (string scope in scopes)
        {
            await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope(scope)));
        }

        for (int call = 0; call < 30; call++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(0.1));
            await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope(scopes[call % 2])));
        }

        Assert.Single(provider.Endpoint.Requests);
        file.Write("right");
        Exception?[] failures = new Exception?[2];
        for (int call = 0; call < 40; call++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(0.05));
            failures[call % 2] = await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope(scopes[call % 2])));
        }

        Assert.Equal([null, null], failures);
        Assert.Equal(3, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_callback_that_returns_a_new_assertion_each_time_ends_no_cool_down()
    {
        int number = 0;
        await using Provider provider = new(options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new($"assertion-{++number}"));
        });
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        for (int call = 0; call < 600; call++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            provider.Time.Advance(TimeSpan.FromMilliseconds(100));
        }

        // Three attempts, each with the assertion that the callback had by then too.
        Assert.InRange(provider.Endpoint.Requests.Count, 4, 6);
        Assert.Equal(provider.Endpoint.Requests.Count, number);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task RequestTokenAsync_of_the_client_is_held_back_too()
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        server.Always(TestResponse.Error("invalid_client"));
        using OneClient client = new(server);
        await client.FailAsync();
        TokenRequestException held = await client.FailAsync();
        Assert.Equal("invalid_client", held.Error);
        Assert.Single(server.Requests);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_maintenance_page_of_a_quarter_of_an_hour_is_noticed_to_be_over_within_75_seconds()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Status(HttpStatusCode.OK, "<html>Maintenance</html>", "text/html"));
        for (int second = 0; second < 900; second++)
        {
            await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
            provider.Time.Advance(TimeSpan.FromSeconds(1));
        }

        provider.Endpoint.Recover();
        int waited = 0;
        while (await Record.ExceptionAsync(provider.GetAsync) is not null)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(1));
            waited++;
        }

        Assert.InRange(waited, 0, 75);
        Assert.InRange(provider.Endpoint.Requests.Count, 13, 20);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_success_ends_the_cool_down_of_the_credential()
    {
        await using Provider provider = new();
        TaskCompletionSource open = new();
        provider.Endpoint.Next(TestResponse.Token().After(open.Task), TestResponse.Error("invalid_client"));
        Task<AccessToken> slow = provider.Tokens.GetTokenAsync("", Hostile.Scope("slow")).AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("refused")));
        open.SetResult();
        await slow;

        // The server has just accepted this credential.
        Exception? failure = await Record.ExceptionAsync(async () => await provider.Tokens.GetTokenAsync("", Hostile.Scope("third")));
        Assert.True(failure is null, failure?.Message);
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
        app.Endpoint.Always(TestResponse.Error("invalid_client"));
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
        provider.Endpoint.Always(transient ? TestResponse.Unavailable() : TestResponse.Error("invalid_scope"));
        await provider.GetAndSettleAsync(requests: 2);
        provider.Endpoint.Always(TestResponse.SameToken());
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
        provider.Endpoint.Always(request => request.At < end ? TestResponse.Custom(() => Respond.Token("token-1", Math.Ceiling((end - provider.Time.GetUtcNow()).TotalSeconds))) : TestResponse.Token());
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
        app.Endpoint.Always(TestResponse.Error("invalid_client"));
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        app.Reload("stock:ClientId", "another");
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        Assert.Single(app.Endpoint.Requests);
        app.Reload("orders:Timeout", "00:00:20");
        await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync("orders"));
        Assert.Equal(2, app.Endpoint.Requests.Count);
    }
}
