using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>What a listener of the meter sees .</summary>
public sealed class MetricTests
{
    private const string Attempts = "oauth.client.token_request.attempts{oauth.client.name=, server.address=id.example.com}";
    private const string Wait = "oauth.client.token.wait.duration{oauth.client.name=}";
    private const string Lifetime = "oauth.client.token.remaining_lifetime{oauth.client.name=}";
    private const string Failures = "oauth.client.token_request.consecutive_failures{oauth.client.name=}";

    [Fact]
    [Trait("Req", "R-320")]
    public async Task A_token_request_and_the_wait_for_it_are_measured_but_not_a_hit()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        using Measurements measured = new(provider.Services);
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        Task<string>[] calls = [.. Enumerable.Range(0, 3).Select(_ => provider.GetAsync())];
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        provider.Time.Advance(TimeSpan.FromSeconds(2));
        open.SetResult();
        await Task.WhenAll(calls);
        await provider.GetAsync();
        Assert.Equal([2.0], measured.Of(Request("no_token")));
        Assert.Equal([1.0], measured.Of(Attempts));
        Assert.Equal([2.0, 2.0, 2.0], measured.Of(Wait));
        Assert.Equal(5, measured.Series.Length);
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        await provider.GetAsync();
        await Eventually.True(() => measured.Of(Request("due")).Length == 1);
        Assert.Equal(7, measured.Series.Length);
    }

    [Fact]
    public async Task A_renewal_after_a_401_and_a_call_without_cache_have_their_reasons()
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        AccessToken token = await provider.Tokens.GetTokenAsync();
        await provider.Tokens.RenewTokenAsync(token);
        await provider.Services.GetRequiredService<TokenClient>().RequestTokenAsync();
        Assert.All(["no_token", "unauthorized", "uncached"], reason => Assert.Single(measured.Of(Request(reason))));
        Assert.Equal(3, measured.Of(Attempts).Sum());
    }

    public static TheoryData<TestResponse, string> Errors => new()
    {
        { TestResponse.Error("invalid_client"), "invalid_client" },
        { TestResponse.Error("invalid_scope"), "invalid_scope" },
        { TestResponse.Error("made_up_by_the_server"), "400" },
        { TestResponse.Error("invalid_client", status: HttpStatusCode.ServiceUnavailable), "503" },
        { TestResponse.Error("temporarily_unavailable"), "temporarily_unavailable" },
        { TestResponse.Unavailable(), "503" },
        { TestResponse.TooManyRequests(), "429" },
        { TestResponse.ConnectionRefused(), "connection" },
        { TestResponse.Custom(() => new(HttpStatusCode.Redirect)), "redirect" },
        { TestResponse.Custom(() => new(HttpStatusCode.OK) { Content = new StringContent("<html>") }), "invalid_response" },
        { TestResponse.Custom(() => throw new InvalidOperationException("secret")), "exception" },
    };

    [Theory]
    [Trait("Req", "R-214")]
    [MemberData(nameof(Errors))]
    public async Task The_type_of_an_error_is_a_word_of_a_closed_list(TestResponse response, string expected)
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        provider.Server.Always(response);
        await provider.FailAsync();
        Assert.Single(measured.Of(Request("no_token", expected)));
    }

    [Fact]
    public async Task A_missing_file_is_a_credential_error_and_sends_no_request()
    {
        await using TestProvider provider = new(options =>
            (options.ClientSecret, options.ClientSecretFile) = (null, Path.Combine(Path.GetTempPath(), "no such file")));
        using Measurements measured = new(provider.Services);
        await provider.FailAsync();
        Assert.Single(measured.Of(Request("no_token", "credential")));
        Assert.Empty(measured.Of(Attempts));
    }

    [Fact]
    public async Task Retries_are_counted_as_attempts_of_one_token_request()
    {
        await using TestProvider provider = new(options => options.MaxRetries = 2);
        using Measurements measured = new(provider.Services);
        provider.Server.Always(TestResponse.Unavailable());
        await provider.Time.AdvanceUntilAsync(provider.FailAsync());
        Assert.Single(measured.Of(Request("no_token", "503")));
        Assert.Equal([3.0], measured.Of(Attempts));
    }

    [Fact]
    public async Task A_call_during_the_cool_down_is_not_a_token_request()
    {
        await using TestProvider provider = new();
        using Measurements measured = new(provider.Services);
        provider.Server.Always(TestResponse.Error("invalid_client"));
        await provider.FailEveryAsync(TimeSpan.FromSeconds(1), calls: 5);
        Assert.Single(measured.Of(Request("no_token", "invalid_client")));
        Assert.Equal([1.0], measured.Of(Attempts));
    }

    [Fact]
    public async Task Gauges_show_the_lifetime_and_the_failures_of_a_client_once_it_is_used()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        using Measurements measured = new(provider.Services);
        _ = provider.Tokens.GetStatus();
        Assert.Null(measured.Collect(Lifetime));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((70, 0), (measured.Collect(Lifetime), measured.Collect(Failures)));
        provider.Time.Advance(TimeSpan.FromSeconds(70));
        provider.Server.Always(TestResponse.Unavailable());
        await provider.FailAsync("", TestProvider.Scope("other"));
        Assert.Equal((0, 1), (measured.Collect(Lifetime), measured.Collect(Failures)));
    }

    [Fact]
    public async Task Clients_that_are_known_at_run_time_only_share_one_name()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.ConfigureAll<ClientCredentialsOptions>(options => TestProvider.Configure(options));
        });
        using Measurements measured = new(provider.Services);
        foreach (string name in (string[])["orders", "tenant-1", "tenant-2"])
        {
            await provider.GetAsync(name);
        }

        string[] names = [.. measured.Series.Select(series => series.Split("oauth.client.name=")[1].Split(',', '}')[0])];
        Assert.Equal(["_OTHER", "orders"], names.Distinct().Order(StringComparer.Ordinal));
        Assert.NotNull(measured.Collect(Lifetime.Replace("name=", "name=_OTHER", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_provider_without_dependency_injection_has_a_meter_until_it_is_disposed()
    {
        using System.Diagnostics.Metrics.MeterListener listener = new();
        System.Collections.Concurrent.ConcurrentQueue<string> ended = new();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter is { Name: "OAuthClientCredentials", Scope: null })
            {
                self.EnableMeasurementEvents(instrument, "own");
            }
        };
        listener.MeasurementsCompleted = (instrument, _) => ended.Enqueue(instrument.Name);
        listener.Start();
        TokenProvider provider = TokenProvider.Create(options => TestProvider.Configure(options));
        await provider.DisposeAsync();
        await Eventually.True(() => ended.Distinct().Count() == 7);
    }

    private static string Request(string reason, string? error = null)
    {
        string suffix = error is null ? "" : $", error.type={error}";
        string attributes = $"oauth.client.name=, oauth.client.token_request.reason={reason}, server.address=id.example.com{suffix}";
        return $"oauth.client.token_request.duration{{{attributes}}}";
    }
}
