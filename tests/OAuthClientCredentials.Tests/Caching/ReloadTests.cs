using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using static OAuthClientCredentials.Tests.Infrastructure.TestProvider;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Options that change while clients are in use.</summary>
public sealed class ReloadTests
{
    private const string Client = "orders";

    [Fact]
    [Trait("Req", "R-074")]
    public async Task A_changed_secret_keeps_the_valid_token_and_renews_it_at_the_next_use()
    {
        await using TestProvider provider = Create();
        await provider.GetAsync(Client);
        provider.Reload("orders:ClientSecret", "new-secret");
        Assert.Equal("token-1", await provider.GetAsync(Client));
        await provider.SettleAsync(Client);
        Assert.Equal("token-2", await provider.GetAsync(Client));
        Assert.True(provider.Server.Requests[^1].Used("new-secret"));
        Assert.Equal(2, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-314")]
    public async Task After_a_changed_secret_one_token_that_expires_earlier_is_taken()
    {
        await using TestProvider provider = Create();
        provider.Server.Next(
            TestResponse.Token(TimeSpan.FromSeconds(3000), "first"),
            TestResponse.Token(TimeSpan.FromSeconds(2000), "second"),
            TestResponse.Token(TimeSpan.FromSeconds(50), "third"));
        Assert.Equal("first", await GetAsync());
        provider.Reload("orders:ClientSecret", "new");
        Assert.Equal("first", await GetAsync());
        Assert.Equal("second", await GetAsync());
        provider.Time.Advance(TimeSpan.FromSeconds(1850));
        await GetAsync();
        Assert.Equal(3, provider.Server.Requests.Count);
        Assert.Equal("second", await GetAsync());

        async Task<string> GetAsync()
        {
            string token = await provider.GetAsync(Client);
            await provider.SettleAsync(Client);
            return token;
        }
    }

    [Theory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-190")]
    [InlineData("ClientSecret", "new-secret")]
    [InlineData("BasicEncoding", "Raw")]
    [InlineData("AllowedEndpointHosts:0", "login.example.com")]
    [InlineData("RequireAllScopes", "true")]
    [InlineData("AcceptedTokenTypes", "BearerToken")]
    [InlineData("Timeout", "00:00:20")]
    public async Task A_changed_option_ends_the_cool_down_and_a_reload_of_another_client_does_not(string option, string value)
    {
        (string Key, string? Value)[] settings =
        [
            .. Settings(Client).Where(setting => !setting.Key.EndsWith("Method", StringComparison.Ordinal)),
            .. Settings("stock"),
            ("orders:Scopes:0", "read"),
            ("orders:Scopes:1", "write"),
            ("orders:Parameters:tenant", "a"),
            ("orders:Parameters:region", "b"),
        ];
        await using TestProvider provider = FromConfiguration(settings);
        provider.Server.Always(TestResponse.Error("invalid_client"));
        await provider.FailAsync(Client);
        provider.Reload("stock:ClientId", "another");
        await provider.FailAsync(Client);
        Assert.Single(provider.Server.Requests);
        provider.Server.Recover();
        provider.Reload($"orders:{option}", value);
        Assert.Equal("token-1", await provider.GetAsync(Client));
    }

    // MSAL 6117: a token was still served after the certificate that it was bound to had been replaced.
    [Theory]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-241")]
    [InlineData("ClientId", "another-shop")]
    [InlineData("TokenEndpoint", "https://id.example.org/token")]
    [InlineData("Authority", "https://id.example.org")]
    [InlineData("Scopes:0", "write")]
    [InlineData("Resources:0", "https://api.example.com")]
    [InlineData("Audience", "orders")]
    [InlineData("AuthorizationDetails", """[{"type":"order"}]""")]
    [InlineData("Parameters:tenant", "blue")]
    [InlineData("AuthenticationMethod", "client_secret_basic")]
    public async Task A_token_is_not_served_after_a_change_of_what_it_was_issued_for(string option, string value)
    {
        await using TestProvider provider = Create();
        await provider.GetAsync(Client);
        provider.Reload($"orders:{option}", value);
        Assert.Equal("token-2", await provider.GetAsync(Client));
    }

    [Theory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-310")]
    [InlineData("ClientId", "shop")]
    [InlineData("Timeout", "00:00:20")]
    public async Task A_reload_that_changes_no_credential_requests_nothing(string option, string value)
    {
        await using TestProvider provider = Create();
        await provider.GetAsync(Client);
        provider.Reload($"orders:{option}", value);
        Assert.Equal("token-1", await provider.GetAsync(Client));
        await provider.SettleAsync(Client);
        Assert.Single(provider.Server.Requests);
    }

    [Theory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-225")]
    [Trait("Req", "R-310")]
    [InlineData("Timeout", "half a minute")]
    [InlineData("TokenEndpoint", "http://id.example.com/token")]
    public async Task An_invalid_value_keeps_the_settings_of_its_client_and_other_clients_are_reloaded(string option, string value)
    {
        string[] others = [.. Enumerable.Range(0, 20).Select(number => $"client{number}")];
        await using TestProvider provider = FromConfiguration([.. Settings(Client), .. others.SelectMany(name => Settings(name, "old"))]);
        await provider.GetAsync(Client);
        foreach (string name in others)
        {
            await provider.GetAsync(name);
            provider.Configuration[$"ClientCredentials:{name}:ClientId"] = "new";
        }

        provider.Reload($"orders:{option}", value);
        foreach (string name in others)
        {
            await provider.GetAsync(name);
        }

        Assert.Equal(20, provider.Server.Requests.Count(request => request.ClientId == "new"));
        Assert.Equal("token-1", await provider.GetAsync(Client));
        provider.Time.Advance(TimeSpan.FromHours(2));
        await provider.GetAsync(Client);
        Assert.Equal("shop", provider.Server.Requests[^1].ClientId);
    }

    [Fact]
    [Trait("Req", "R-210")]
    [Trait("Req", "R-310")]
    public async Task The_log_says_why_a_reload_failed_without_the_message_of_your_exception()
    {
        bool throws = false;
        using LogLines log = new();
        await using TestProvider provider = FromConfiguration(
            [.. Settings("typo"), .. Settings("hook")],
            services => services.PostConfigure<ClientCredentialsOptions>("hook", _ =>
            {
                if (throws)
                {
                    throw new TimeoutException("canary");
                }
            }),
            log: log);
        await provider.GetAsync("typo");
        await provider.GetAsync("hook");
        throws = true;
        provider.Reload("typo:Timeout", "half a minute");
        Assert.Contains("Client 'typo' keeps its previous settings", log.Text, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:typo:Timeout", log.Text, StringComparison.Ordinal);
        Assert.Contains("Client 'hook' keeps its previous settings", log.Text, StringComparison.Ordinal);
        Assert.Contains("TimeoutException", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-342")]
    public async Task Options_that_were_read_before_Forget_are_not_used_after_it()
    {
        string secret = "old";
        TaskCompletionSource reading = new();
        using ManualResetEventSlim release = new();
        Action<ClientCredentialsOptions> configure = options =>
        {
            options.ClientSecret = secret;
            reading.TrySetResult();
            release.Wait();
        };
        await using TestProvider provider = WithClients(null, ("tenant", configure));
        Task<string> early = Task.Run(() => provider.GetAsync("tenant"));
        await reading.Task;
        secret = "new";
        provider.Tokens.Forget("tenant");
        release.Set();
        await early;
        await provider.GetAsync("tenant", Scope("later"));
        Assert.True(provider.Server.Requests[^1].Used("new"), "the secret from before Forget was sent");
    }

    private static TestProvider Create() => FromConfiguration([.. Settings(Client), ("orders:Scopes:0", "read")]);
}
