using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials.Hosting;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Hosting;

/// <summary>The health of clients in each state. Each check asserts that it sent no token request.</summary>
public sealed class ClientHealthTests
{
    [Fact]
    [Trait("Req", "R-323")]
    public async Task Health_follows_the_token_and_the_check_requests_nothing()
    {
        await using TestProvider provider = Create("orders", "");
        provider.Server.Lifetime = TimeSpan.FromSeconds(100);
        HealthReportEntry unused = await CheckAsync(provider, HealthStatus.Healthy);
        Assert.Equal("Clients by state: NeverUsed 2.", unused.Description);
        provider.Server.Verify(0);

        await provider.GetAsync("orders");
        HealthReportEntry valid = await CheckAsync(provider, HealthStatus.Healthy);
        Assert.Equal("Clients by state: Fresh 1, NeverUsed 1.", valid.Description);

        provider.Time.Advance(TimeSpan.FromSeconds(92));
        provider.Server.Outage();
        await provider.GetAsync("orders");
        await provider.SettleAsync("orders");
        HealthReportEntry degraded = await CheckAsync(provider, HealthStatus.Degraded);
        Assert.StartsWith(
            "Client 'orders' has a token until 2026-01-01 00:01:40Z, but could not renew it: connection, "
            + "failed requests: 1, next attempt at 2026-01-01 00:01:3",
            degraded.Description,
            StringComparison.Ordinal);

        provider.Time.Advance(TimeSpan.FromSeconds(9));
        await provider.FailAsync("orders");
        HealthReportEntry failed = await CheckAsync(provider, HealthStatus.Unhealthy);
        Assert.StartsWith(
            "Client 'orders' has no valid token, and received its last one at 2026-01-01 00:00:00Z: connection, failed requests: 2",
            failed.Description,
            StringComparison.Ordinal);

        provider.Server.Recover();
        provider.Time.Advance(TimeSpan.FromSeconds(60));
        await provider.GetAsync("orders");
        await CheckAsync(provider, HealthStatus.Healthy);
        provider.Time.Advance(TimeSpan.FromSeconds(200));
        HealthReportEntry idle = await CheckAsync(provider, HealthStatus.Healthy);
        Assert.Equal("Clients by state: Idle 1, NeverUsed 1.", idle.Description);
        provider.Server.Verify(4);
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Data_has_the_details_of_each_client_under_its_name()
    {
        await using TestProvider provider = Create("orders", "");
        await provider.GetAsync("orders");
        provider.Time.Advance(TimeSpan.FromSeconds(7));
        provider.Server.Always(TestResponse.Error("invalid_scope"));
        await provider.FailAsync();
        IReadOnlyDictionary<string, object> data = (await CheckAsync(provider, HealthStatus.Unhealthy)).Data;
        ClientStatus orders = provider.Tokens.GetStatus("orders");
        Dictionary<string, object> expected = new()
        {
            ["orders.state"] = "Fresh",
            ["orders.expires_at"] = orders.ExpiresAt!,
            ["orders.age_seconds"] = 7d,
            ["orders.consecutive_failures"] = 0,
            ["orders.last_renewed_at"] = orders.LastRenewedAt!,
            ["orders.last_renewal_reason"] = orders.LastRenewalReason!,
            ["(default).state"] = "Failed",
            ["(default).consecutive_failures"] = 1,
            ["(default).last_error_type"] = "invalid_scope",
            ["(default).next_attempt_at"] = provider.Tokens.GetStatus().NextAttemptAt!,
        };
        Assert.Equal(expected.OrderBy(pair => pair.Key), data.OrderBy(pair => pair.Key));
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task No_text_of_the_server_and_no_client_id_is_in_the_result()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders", options => options.ClientId = "canary-id");
            services.AddHealthChecks().AddClientCredentials();
        });
        provider.Server.Always(TestResponse.Error("canary_code", "canary text"));
        await provider.FailAsync("orders");
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Unhealthy);
        string all = string.Join('\n', entry.Data.Select(pair => $"{pair.Key} {pair.Value}").Prepend(entry.Description));
        Assert.DoesNotContain("canary", all, StringComparison.Ordinal);
        Assert.Null(entry.Exception);
        Assert.DoesNotContain('\n', entry.Description!);
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Certificate_that_expires_soon_degrades_its_client()
    {
        using X509Certificate2 certificate = Certificates.Create(until: Certificates.Start.AddDays(60));
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders", options =>
            {
                (options.ClientSecret, options.AuthenticationMethod) = (null, "tls_client_auth");
                options.UseCertificate(_ => new(certificate));
            });
            services.AddHealthChecks().AddClientCredentials();
        });
        provider.Server.Lifetime = TimeSpan.FromHours(24);
        await provider.GetAsync("orders");
        await CheckAsync(provider, HealthStatus.Healthy);
        provider.Time.Advance(TimeSpan.FromDays(46.5));
        await provider.GetAsync("orders");
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Degraded);
        Assert.Equal(
            "Client 'orders' has a credential that expires at 2026-03-02 00:00:00Z. Replace it.",
            entry.Description);
    }

    // The credential expires in so many days, and is valid for so many days in total.
    [Theory]
    [Trait("Req", "R-323")]
    [InlineData(14, 28, HealthStatus.Degraded)]
    [InlineData(-1, 365, HealthStatus.Degraded)]
    [InlineData(15, 28, HealthStatus.Healthy)]
    [InlineData(14, 27, HealthStatus.Healthy)]
    [InlineData(null, null, HealthStatus.Healthy)]
    public void Credential_counts_if_its_validity_is_twice_the_warning(int? days, int? validity, HealthStatus expected)
    {
        ClientStatus status = new()
        {
            State = ClientState.Fresh,
            ExpiresAt = Certificates.Start.AddHours(1),
            CredentialExpiresAt = days is null ? null : Certificates.Start.AddDays(days.Value),
            CredentialLifetime = validity is null ? null : TimeSpan.FromDays(validity.Value),
        };
        Assert.Equal(expected, ClientHealth.Of("orders", status, Certificates.Start, TimeSpan.FromDays(14)).Health);
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Only_the_named_clients_are_checked_and_the_failure_status_is_reported()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders");
            TestProvider.AddClient(services, "stock");
            services.AddHealthChecks().AddClientCredentials("ready", ["orders"], HealthStatus.Degraded, ["live"]);
        });
        provider.Server.Always(request => request.ClientId == "stock" ? TestResponse.Unavailable() : TestResponse.Token());
        await provider.FailAsync("stock");
        await provider.GetAsync("orders");
        await CheckAsync(provider, HealthStatus.Healthy, "ready");
        provider.Tokens.Forget("orders");
        provider.Server.Outage();
        await provider.FailAsync("orders");
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Degraded, "ready");
        Assert.Equal(["live"], entry.Tags);
        Assert.DoesNotContain(entry.Data.Keys, key => key.StartsWith("stock", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Unknown_client_is_unhealthy_and_leaves_nothing_behind()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            // Any name has valid options, as those of clients that are known only at run time.
            services.ConfigureAll<ClientCredentialsOptions>(options => TestProvider.Configure(options));
            services.AddHealthChecks().AddClientCredentials(clientNames: ["oders"]);
        });
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Unhealthy);
        Assert.StartsWith("Client 'oders' is not registered.", entry.Description, StringComparison.Ordinal);
        Assert.Equal("NotRegistered", entry.Data["oders.state"]);
        Assert.Equal(0, provider.Tokens.SourceCount());
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Client_with_invalid_options_is_unhealthy_with_the_message_of_the_validation()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders", options => options.TokenEndpoint = null);
            TestProvider.AddClient(services, "stock");
            services.AddHealthChecks().AddClientCredentials();
        });
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Unhealthy);
        Assert.StartsWith(
            "Client 'orders' has options that are not valid: Client 'orders': TokenEndpoint is missing.",
            entry.Description,
            StringComparison.Ordinal);
        Assert.Equal(("Invalid", "NeverUsed"), (entry.Data["orders.state"], entry.Data["stock.state"]));
    }

    [Fact]
    [Trait("Req", "R-323")]
    public async Task Client_in_code_and_in_configuration_is_checked_once()
    {
        await using TestProvider provider = TestProvider.FromConfiguration(TestProvider.Settings("Orders"), services =>
        {
            TestProvider.AddClient(services, "orders");
            services.AddHealthChecks().AddClientCredentials();
        });
        HealthReportEntry entry = await CheckAsync(provider, HealthStatus.Healthy);
        Assert.Equal("Clients by state: NeverUsed 1.", entry.Description);
    }

    private static TestProvider Create(params string[] names) => TestProvider.WithServices(services =>
    {
        Array.ForEach(names, name => TestProvider.AddClient(services, name));
        services.AddHealthChecks().AddClientCredentials();
    });

    private static async Task<HealthReportEntry> CheckAsync(
        TestProvider provider,
        HealthStatus expected,
        string name = "client_credentials")
    {
        int before = provider.Server.Requests.Count;
        HealthReport report = await provider.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        HealthReportEntry entry = report.Entries[name];
        Assert.True(entry.Status == expected, string.Create(CultureInfo.InvariantCulture, $"{entry.Status}: {entry.Description}"));
        provider.Server.Verify(before);
        return entry;
    }
}
