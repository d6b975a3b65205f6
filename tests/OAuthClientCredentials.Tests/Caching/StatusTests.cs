using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>What GetStatus says in each state of a source, and that it changes nothing.</summary>
public sealed class StatusTests
{
    [Fact]
    public async Task GetStatus_tells_each_state_and_requests_nothing()
    {
        await using Provider provider = new() { Endpoint = { Lifetime = TimeSpan.FromSeconds(100) } };
        Assert.Equal(ClientState.Empty, provider.Tokens.GetStatus().State);
        TaskCompletionSource open = new();
        provider.Endpoint.Next(TestResponse.Token().After(open.Task));
        Task<AccessToken> first = provider.Tokens.GetTokenAsync().AsTask();
        Assert.Equal(ClientState.Requesting, provider.Tokens.GetStatus().State);
        open.SetResult();
        AccessToken token = await first;
        ClientStatus fresh = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Fresh, token.ExpiresAt, token.RequestedAt), (fresh.State, fresh.ExpiresAt, fresh.RequestedAt));
        provider.Time.Advance(TimeSpan.FromSeconds(92));
        Assert.Equal(ClientState.Due, provider.Tokens.GetStatus().State);
        TaskCompletionSource fails = new();
        provider.Endpoint.Always(TestResponse.Unavailable().After(fails.Task));
        await provider.GetAsync();
        Assert.Equal(ClientState.Renewing, provider.Tokens.GetStatus().State);
        fails.SetResult();
        await provider.SettleAsync();
        ClientStatus due = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Due, 1, System.Net.HttpStatusCode.ServiceUnavailable), (due.State, due.ConsecutiveFailures, due.LastError!.StatusCode));
        Assert.InRange((due.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 1.9, 2.6);
        provider.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ClientState.Empty, provider.Tokens.GetStatus().State);
        TokenRequestException error = await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        ClientStatus failed = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Failed, error.NextAttemptAt, null), (failed.State, failed.NextAttemptAt, failed.ExpiresAt));
        Assert.Equal(3, provider.Endpoint.Requests.Count);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task GetStatus_tells_when_a_rejected_credential_is_tried_again()
    {
        await using Provider provider = new();
        provider.Endpoint.Always(TestResponse.Error("invalid_client"));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        ClientStatus status = provider.Tokens.GetStatus();
        Assert.Equal(("invalid_client", 1), (status.LastError!.Error, status.ConsecutiveFailures));
        Assert.InRange((status.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 10, 12.5);
        provider.Time.Advance(TimeSpan.FromSeconds(5));
        await Assert.ThrowsAsync<TokenRequestException>(provider.GetAsync);
        Assert.Equal((status.NextAttemptAt, 1), (provider.Tokens.GetStatus().NextAttemptAt, provider.Tokens.GetStatus().ConsecutiveFailures));
    }

    [Fact]
    public async Task GetStatus_of_an_unknown_client_is_an_error()
    {
        await using Provider provider = new();
        Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(() => provider.Tokens.GetStatus("nobody"));
    }
}
