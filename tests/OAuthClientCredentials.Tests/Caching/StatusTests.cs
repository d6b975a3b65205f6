using System.Net;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>GetStatus returns each state of a source, and requests nothing.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task GetStatus_returns_each_state_and_requests_nothing()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(100) } };
        Assert.Equal(ClientState.Empty, provider.Tokens.GetStatus().State);
        TaskCompletionSource open = new();
        provider.Server.Next(TestResponse.Token().After(open.Task));
        Task<AccessToken> first = provider.Tokens.GetTokenAsync().AsTask();
        Assert.Equal(ClientState.Requesting, provider.Tokens.GetStatus().State);
        open.SetResult();
        AccessToken token = await first;
        ClientStatus fresh = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Fresh, token.ExpiresAt, token.RequestedAt), (fresh.State, fresh.ExpiresAt, fresh.RequestedAt));
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        Assert.Equal(ClientState.Due, provider.Tokens.GetStatus().State);
        TaskCompletionSource fails = new();
        provider.Server.Always(TestResponse.Unavailable().After(fails.Task));
        await provider.GetAsync();
        Assert.Equal(ClientState.Renewing, provider.Tokens.GetStatus().State);
        fails.SetResult();
        await provider.SettleAsync();
        ClientStatus due = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Due, 1), (due.State, due.ConsecutiveFailures));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, due.LastError!.StatusCode);
        Assert.InRange((due.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 1.9, 2.6);
        provider.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ClientState.Empty, provider.Tokens.GetStatus().State);
        TokenRequestException error = await provider.FailAsync();
        ClientStatus failed = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Failed, error.NextAttemptAt, null), (failed.State, failed.NextAttemptAt, failed.ExpiresAt));
        Assert.Equal(3, provider.Server.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task GetStatus_returns_when_a_rejected_credential_is_tried_again()
    {
        await using TestProvider provider = new();
        provider.Server.Always(TestResponse.Error("invalid_client"));
        await provider.FailAsync();
        ClientStatus status = provider.Tokens.GetStatus();
        Assert.Equal(("invalid_client", 1), (status.LastError!.Error, status.ConsecutiveFailures));
        Assert.InRange((status.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 10, 12.5);
        provider.Time.Advance(TimeSpan.FromSeconds(5));
        await provider.FailAsync();
        ClientStatus later = provider.Tokens.GetStatus();
        Assert.Equal((status.NextAttemptAt, 1), (later.NextAttemptAt, later.ConsecutiveFailures));
    }

    [Fact]
    public async Task GetStatus_of_an_unknown_client_throws()
    {
        await using TestProvider provider = new();
        Assert.Throws<OptionsValidationException>(() => provider.Tokens.GetStatus("nobody"));
    }
}
