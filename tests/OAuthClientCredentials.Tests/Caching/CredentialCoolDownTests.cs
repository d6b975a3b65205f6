using System.Net;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>A credential that the server rejected is not sent again by any request of its client.</summary>
public sealed class CredentialCoolDownTests
{
    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_wrong_secret_is_not_sent_once_for_each_of_many_parallel_requests()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Error("invalid_client").After(async _ => await Task.Yield()));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(number => provider.FailAsync("", Scope($"s{number}"))));
        Assert.InRange(provider.Server.Requests.Count, 1, 20);
    }

    [Theory]
    [Trait("Req", "R-190")]
    [InlineData("client")]
    [InlineData("invalid")]
    public async Task An_error_code_that_contains_the_secret_is_still_recognized(string secret)
    {
        await using TestProvider provider = new(options => options.ClientSecret = secret);
        provider.Server.Always(TestResponse.Error("invalid_client"));
        for (int number = 0; number < 20; number++)
        {
            await provider.FailAsync("", Scope($"s{number}"));
        }

        Assert.Single(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task After_its_cool_down_one_request_tries_a_credential_and_others_are_held_back()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Error("invalid_client"));
        TaskCompletionSource open = new();
        TokenRequestException first = await provider.FailAsync();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Task<string> trial = provider.GetAsync("", Scope("a"));
        await Eventually.True(() => provider.Server.Requests.Count == 2);
        TokenRequestException held = await provider.FailAsync("", Scope("b"));
        Assert.Equal((first.NextAttemptAt, first.Error, 0), (held.NextAttemptAt, held.Error, held.Attempts));
        Assert.Equal(2, provider.Server.Requests.Count);
        open.SetResult();
        await trial;

        // The server accepted the credential: the others request their tokens within a second.
        provider.Time.Advance(TimeSpan.FromSeconds(1));
        await provider.GetAsync("", Scope("b"));
        await provider.GetAsync();
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task The_cool_down_of_a_credential_doubles_and_is_the_same_for_all_requests()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Error("invalid_client"));
        double[] expected = [10, 20, 40, 60, 60];
        foreach (double wait in expected)
        {
            TokenRequestException failure = await provider.FailAsync();
            Assert.InRange(WaitOf(failure, provider), wait, wait * 1.25);
            Assert.Equal(failure.NextAttemptAt, (await provider.FailAsync("", Scope("other"))).NextAttemptAt);
            provider.Time.Advance(TimeSpan.FromSeconds(WaitOf(failure, provider) + 0.5));
        }

        Assert.Equal(expected.Length, provider.Server.Requests.Count);
        provider.Server.Recover();
        await provider.GetAsync();
        provider.Server.Always(TestResponse.Error("invalid_client"));
        Assert.InRange(WaitOf(await provider.FailAsync("", Scope("third")), provider), 10, 12.5);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_trial_that_fails_in_an_outage_leaves_the_next_request_to_try()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Error("invalid_client"), TestResponse.Unavailable());
        await provider.FailAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await provider.FailAsync()).StatusCode);
        await provider.GetAsync("", Scope("other"));
        Assert.Equal(3, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-225")]
    public async Task A_trial_whose_handler_hangs_does_not_hold_back_the_credential_forever()
    {
        int sent = 0;
        TaskCompletionSource<HttpResponseMessage> never = new();
        using StubHandler handler = new((_, _) => ++sent switch
        {
            1 => Task.FromResult(Respond.Error(HttpStatusCode.Unauthorized, "invalid_client")),
            2 => never.Task,
            _ => Task.FromResult(Respond.Token("token", 3600)),
        });
        await using TestProvider provider = new(handler: handler);
        await provider.FailAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(13));
        Task<TokenRequestException> trial = provider.FailAsync();
        await Eventually.True(() => sent == 2);
        provider.Time.Advance(TimeSpan.FromSeconds(31));
        await trial;

        // The cancellation of the trial runs on another thread.
        Exception? last;
        int minutes = 0;
        do
        {
            await Task.Delay(1);
            provider.Time.Advance(TimeSpan.FromMinutes(1));
            last = await Record.ExceptionAsync(() => provider.GetAsync());
        }
        while (last is not null && ++minutes < 1000);
        Assert.Null(last);
    }

    [Fact]
    [Trait("Req", "R-190")]
    [Trait("Req", "R-312")]
    public async Task A_replaced_secret_file_ends_the_cool_down_within_two_seconds()
    {
        using TemporaryFile file = new("wrong");
        await using TestProvider provider = new(options => (options.ClientSecret, options.ClientSecretFile) = (null, file.Path));
        provider.Server.Always(request => request.Used("right") ? TestResponse.Token() : TestResponse.Error("invalid_client"));
        string[] scopes = ["a", "b"];
        for (int call = 0; call < 30; call++)
        {
            await provider.FailAsync("", Scope(scopes[call % 2]));
            provider.Time.Advance(TimeSpan.FromSeconds(0.1));
        }

        Assert.Single(provider.Server.Requests);
        file.Write("right");
        Exception?[] failures = new Exception?[2];
        for (int call = 0; call < 40; call++)
        {
            provider.Time.Advance(TimeSpan.FromSeconds(0.05));
            failures[call % 2] = await Record.ExceptionAsync(() => provider.GetAsync("", Scope(scopes[call % 2])));
        }

        Assert.Equal([null, null], failures);
        Assert.Equal(3, provider.Server.Requests.Count);
    }

    [Theory]
    [Trait("Req", "R-190")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_callback_that_returns_a_new_assertion_each_time_ends_no_cool_down(bool hasCertificateFile)
    {
        int number = 0;
        using TemporaryFile file = new(Certificates.Pem(Certificates.Create()));
        await using TestProvider provider = new(options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new($"assertion-{++number}"));
            if (hasCertificateFile)
            {
                (options.CertificateFile, options.CertificateBoundTokens) = (file.Path, true);
                options.AuthenticationMethod = "private_key_jwt";
            }
        });
        provider.Server.Always(TestResponse.Error("invalid_client"));
        await provider.FailEveryAsync(TimeSpan.FromMilliseconds(100), 600);
        // Three attempts, each repeated with the assertion that the callback returned by then.
        Assert.InRange(provider.Server.Requests.Count, 4, 6);
        Assert.Equal(provider.Server.Requests.Count, number);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task TokenClient_RequestTokenAsync_is_held_back_too()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(TestResponse.Error("invalid_client"));
        await client.FailAsync();
        Assert.Equal("invalid_client", (await client.FailAsync()).Error);
        Assert.Single(client.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_success_of_an_earlier_request_ends_the_cool_down_of_the_credential()
    {
        await using TestProvider provider = new();
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task), TestResponse.Error("invalid_client"));
        Task<string> slow = provider.GetAsync("", Scope("slow"));
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await provider.FailAsync("", Scope("refused"));
        open.SetResult();
        await slow;
        await provider.GetAsync("", Scope("third"));
    }

    private static double WaitOf(TokenRequestException failure, TestProvider provider) =>
        (failure.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds;
}
