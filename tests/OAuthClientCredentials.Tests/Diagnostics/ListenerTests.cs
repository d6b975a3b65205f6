using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Listeners of the meter that throw or block .</summary>
public sealed class ListenerTests
{
    private const string Duration = "oauth.client.token_request.duration";
    private const string Wait = "oauth.client.token.wait.duration";
    private const string Unauthorized = "oauth.client.unauthorized_responses";

    [Fact]
    public async Task Listener_that_throws_a_cancellation_leaves_no_call_waiting()
    {
        await using TestProvider provider = new();
        using HostileListener listener = new(provider.Services, Duration, () => throw new TaskCanceledException());
        Task call = Record.ExceptionAsync(() => provider.GetAsync());
        Assert.True(await Eventually.CompletesAsync(call), "The call still waits.");
    }

    [Fact]
    public async Task Listener_that_throws_a_cancellation_does_not_stop_the_next_call()
    {
        await using TestProvider provider = new();
        using (new HostileListener(provider.Services, Duration, () => throw new TaskCanceledException()))
        {
            _ = Record.ExceptionAsync(() => provider.GetAsync());
            await provider.SettleAsync();
        }

        // The listener is gone. The client must recover.
        provider.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.True(await Eventually.CompletesAsync(provider.GetAsync()), "The client does not recover.");
    }

    [Fact]
    public async Task Listener_of_request_durations_that_throws_loses_no_token()
    {
        await using TestProvider provider = new();
        using HostileListener listener = new(provider.Services, Duration, () => throw new InvalidOperationException("canary"));
        Assert.Null(await Record.ExceptionAsync(() => provider.GetAsync()));
    }

    [Fact]
    public async Task Listener_of_waits_that_throws_fails_no_call_with_its_message()
    {
        await using TestProvider provider = new();
        using HostileListener listener = new(provider.Services, Wait, () => throw new InvalidOperationException("canary"));
        Exception? exception = await Record.ExceptionAsync(() => provider.GetAsync());
        Assert.DoesNotContain("canary", exception?.ToString() ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Listener_of_401s_that_throws_fails_no_call()
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        await using ApiClient api = new(server, _ => ApiClient.Respond(401, "Bearer error=\"insufficient_scope\""));
        using HostileListener listener = new(api.Services, Unauthorized, () => throw new InvalidOperationException("canary"));
        Assert.Null(await Record.ExceptionAsync(() => api.Http.GetAsync("/orders")));
    }
}
