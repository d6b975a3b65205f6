using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Options that change while clients are in use.</summary>
public sealed class ReloadTests
{
    [Theory]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-225")]
    [Trait("Req", "R-310")]
    [InlineData("Timeout", "half a minute")]
    [InlineData("TokenEndpoint", "http://id.example.com/token")]
    public async Task A_value_that_cannot_be_read_spoils_the_reload_of_its_own_client_only(string option, string value)
    {
        (string Key, string? Value)[] settings = [.. Configured.Client("bad"), .. Enumerable.Range(0, 20).SelectMany(number => Configured.Client($"good{number}", $"old{number}"))];
        await using Configured app = new(settings);
        await app.Tokens.GetTokenAsync("bad");
        for (int number = 0; number < 20; number++)
        {
            await app.Tokens.GetTokenAsync($"good{number}");
        }

        app.Configuration[$"ClientCredentials:bad:{option}"] = value;
        for (int number = 0; number < 20; number++)
        {
            app.Configuration[$"ClientCredentials:good{number}:ClientId"] = $"new{number}";
        }

        Exception? thrown = Record.Exception(app.Configuration.Reload);
        int before = app.Endpoint.Requests.Count;
        for (int number = 0; number < 20; number++)
        {
            await app.Tokens.GetTokenAsync($"good{number}");
        }

        int renewed = app.Endpoint.Requests.Count - before;
        Assert.True(thrown is null && renewed == 20, $"Reload threw {thrown?.GetBaseException().GetType().Name ?? "nothing"}; {20 - renewed} of 20 other clients still give out the token of their former client id");
    }

    [Fact]
    [Trait("Req", "R-210")]
    [Trait("Req", "R-310")]
    public async Task Why_a_reload_was_not_taken_over_is_logged_without_the_words_of_the_applications_code()
    {
        bool throws = false;
        LogLines log = new();
        await using Configured app = new([.. Configured.Client("typo"), .. Configured.Client("hook")], services =>
        {
            services.AddSingleton<ILoggerProvider>(log);
            services.PostConfigure<ClientCredentialsOptions>("hook", _ =>
            {
                if (throws)
                {
                    throw new TimeoutException("canary");
                }
            });
        });
        await app.Tokens.GetTokenAsync("typo");
        await app.Tokens.GetTokenAsync("hook");
        throws = true;
        app.Reload("typo:Timeout", "half a minute");
        Assert.Contains("Client 'typo' keeps its previous settings", log.Text, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:typo:Timeout", log.Text, StringComparison.Ordinal);
        Assert.Contains("Client 'hook' keeps its previous settings", log.Text, StringComparison.Ordinal);
        Assert.Contains("TimeoutException", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-342")]
    [Trait("Req", "R-074")]
    public async Task Options_that_were_read_before_an_invalidation_are_not_used_after_it()
    {
        TestAuthorizationServer server = new();
        string secret = "old";
        TaskCompletionSource reading = new();
        using ManualResetEventSlim release = new();
        await using ServiceProvider services = Hostile.Services(null, server, ("tenant", options =>
        {
            options.ClientSecret = secret;
            reading.TrySetResult();
            release.Wait();
        }
        ));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        Task<AccessToken> early = Task.Run(() => tokens.GetTokenAsync("tenant").AsTask());
        await reading.Task;
        secret = "new";
        tokens.Forget("tenant");
        release.Set();
        await early;

        // Invalidate returned long ago: "The next call reads its options anew."
        await tokens.GetTokenAsync("tenant", Hostile.Scope("later"));
        Assert.True(server.Requests[^1].Used("new"), "the secret from before the invalidation was sent");
    }

    [Fact]
    [Trait("Req", "R-103")]
    public async Task A_service_provider_can_be_disposed_synchronously()
    {
        ServiceProvider services = Hostile.Services(null, new TestAuthorizationServer(), ("c", _ => { }));
        await services.GetRequiredService<ITokenProvider>().GetTokenAsync("c");
        Exception? failure = Record.Exception(services.Dispose);
        Assert.True(failure is null, $"{failure?.GetType().Name}: {failure?.Message}");
    }
}
