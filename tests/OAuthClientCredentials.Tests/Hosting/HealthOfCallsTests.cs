using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials.Hosting;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>A health check that says what is not so.</summary>
public sealed class HealthOfCallsTests
{
    [Fact]
    public async Task Client_whose_calls_all_fail_is_not_healthy_because_of_a_former_default_token()
    {
        await using TestProvider provider = Create();
        await provider.GetAsync("orders");
        provider.Server.Always(TestResponse.Error("invalid_scope"));
        await provider.FailAsync("orders", TestProvider.Scope("write"));
        Assert.NotEqual(HealthStatus.Healthy, (await CheckAsync(provider)).Status);
    }

    [Fact]
    public async Task Client_whose_calls_all_fail_is_not_idle()
    {
        await using TestProvider provider = Create();
        await provider.GetAsync("orders");
        provider.Time.Advance(TimeSpan.FromHours(2));
        provider.Server.Outage();
        await provider.FailAsync("orders", TestProvider.Scope("write"));
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.True(entry.Status == HealthStatus.Unhealthy, $"{entry.Status}: {entry.Description}");
    }

    [Fact]
    public async Task Client_whose_calls_all_succeed_is_not_unhealthy_because_of_a_former_default_request()
    {
        await using TestProvider provider = Create();
        provider.Server.Always(request => request["scope"] is null ? TestResponse.Error("invalid_scope") : TestResponse.Token());
        await provider.FailAsync("orders");
        for (int hour = 0; hour < 5; hour++)
        {
            provider.Time.Advance(TimeSpan.FromHours(1));
            await provider.GetAsync("orders", TestProvider.Scope("write"));
            await provider.SettleAsync("orders", TestProvider.Scope("write"));
        }

        HealthReportEntry entry = await CheckAsync(provider);
        Assert.True(entry.Status == HealthStatus.Healthy, $"{entry.Status}: {entry.Description}");
    }

    [Fact]
    public void Expired_credential_is_described_as_expired()
    {
        DateTimeOffset now = Certificates.Start;
        ClientStatus status = new()
        {
            State = ClientState.Fresh,
            ExpiresAt = now.AddHours(1),
            CredentialExpiresAt = now.AddDays(-1),
            CredentialLifetime = TimeSpan.FromDays(90),
        };
        string? problem = ClientHealth.Of("orders", status, now, TimeSpan.FromDays(14)).Problem;
        Assert.DoesNotContain("before then", problem!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Next_attempt_is_not_in_the_past()
    {
        await using TestProvider provider = Create();
        provider.Server.Outage();
        await provider.FailAsync("orders");
        provider.Time.Advance(TimeSpan.FromHours(3));
        string? description = (await CheckAsync(provider)).Description;
        Assert.DoesNotContain("next attempt at 2026-01-01 00:00", description!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limit_without_end_is_not_described_as_invalid_options()
    {
        using X509Certificate2 certificate = Certificates.Create(until: Certificates.Start.AddDays(60));
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddHealthChecks().AddClientCredentials(credentialExpiresWithin: TimeSpan.MaxValue);
        });
        HealthReportEntry entry = await CheckAsync(provider);
        Assert.True(entry.Status == HealthStatus.Healthy, $"{entry.Status}: {entry.Description}");
    }

    private static TestProvider Create() => TestProvider.WithServices(services =>
    {
        TestProvider.AddClient(services, "orders");
        services.AddHealthChecks().AddClientCredentials();
    });

    private static async Task<HealthReportEntry> CheckAsync(TestProvider provider)
    {
        HealthReport report = await provider.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        return report.Entries["client_credentials"];
    }
}
