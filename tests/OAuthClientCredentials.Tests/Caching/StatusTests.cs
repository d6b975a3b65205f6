using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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
        Assert.Equal((token.RequestedAt, "no_token"), (fresh.LastRenewedAt, fresh.LastRenewalReason));
        string hash = Convert.ToHexString(SHA256.HashData(Encoding.ASCII.GetBytes(token.Value)));
        Assert.Equal(hash[..8], fresh.TokenFingerprint, ignoreCase: true);
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
        Assert.Equal((TimeSpan.FromSeconds(92), token.RequestedAt), (due.Age, due.LastRenewedAt));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, due.LastError!.StatusCode);
        Assert.InRange((due.NextAttemptAt - provider.Time.GetUtcNow())!.Value.TotalSeconds, 1.9, 2.6);
        provider.Time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(ClientState.Empty, provider.Tokens.GetStatus().State);
        TokenRequestException error = await provider.FailAsync();
        ClientStatus failed = provider.Tokens.GetStatus();
        Assert.Equal((ClientState.Failed, error.NextAttemptAt, null), (failed.State, failed.NextAttemptAt, failed.ExpiresAt));
        Assert.Equal((null, null, token.RequestedAt), (failed.Age, failed.TokenFingerprint, failed.LastRenewedAt));
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
    public async Task GetStatus_returns_the_worst_of_the_requests_in_use()
    {
        await using TestProvider provider = new() { Server = { Lifetime = TimeSpan.FromSeconds(1000) } };
        provider.Server.Always(request => request["scope"] == "bad" ? TestResponse.Error("invalid_scope") : TestResponse.Token());
        await provider.GetAsync("", TestProvider.Scope("good"));
        Assert.Equal(ClientState.Fresh, provider.Tokens.GetStatus().State);
        await provider.GetAsync();
        await provider.FailAsync("", TestProvider.Scope("bad"));
        Assert.Equal("invalid_scope", provider.Tokens.GetStatus().LastError?.Error);
        provider.Time.Advance(TimeSpan.FromSeconds(121));
        await provider.GetAsync();
        Assert.Null(provider.Tokens.GetStatus().LastError);
    }

    [Fact]
    public async Task GetStatus_returns_when_the_certificate_or_assertion_expires()
    {
        using X509Certificate2 certificate = Certificates.Create();
        await using TestProvider provider = new(options =>
        {
            (options.ClientSecret, options.AuthenticationMethod) = (null, "tls_client_auth");
            options.UseCertificate(_ => new(certificate));
        });
        Assert.Null(provider.Tokens.GetStatus().CredentialExpiresAt);
        await provider.GetAsync();
        Assert.Equal(certificate.NotAfter.ToUniversalTime(), provider.Tokens.GetStatus().CredentialExpiresAt!.Value.UtcDateTime);

        string payload = Convert.ToBase64String("""{"iat":1000,"exp":4102444800}"""u8).TrimEnd('=');
        await using TestProvider workload = new(options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new($"e30.{payload}.c2ln"));
        });
        await workload.GetAsync();
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(4102444800), workload.Tokens.GetStatus().CredentialExpiresAt);
    }

    [Fact]
    public async Task GetStatus_of_an_unknown_client_throws()
    {
        await using TestProvider provider = new();
        Assert.Throws<OptionsValidationException>(() => provider.Tokens.GetStatus("nobody"));
    }
}
