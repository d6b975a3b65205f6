using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials;

namespace Observability.Demo;

/// <summary>Collects what the page shows. It requests no token.</summary>
internal sealed class DemoState(
    TokenProvider tokens,
    HealthCheckService health,
    Load load,
    LogLines log,
    Switches switches,
    DemoServer server,
    TimeProvider timeProvider)
{
    public async Task<State> ReadAsync(CancellationToken cancellationToken)
    {
        HealthReport report = await health.CheckHealthAsync(cancellationToken);
        ClientView[] clients =
        [
            Describe("orders", report, load.Orders, DemoServer.OrdersClientId),
            Describe("billing", report, load.Invoices, DemoServer.BillingClientId),
        ];
        return new(timeProvider.GetUtcNow(), report.Status.ToString(), switches, clients, log.Read());
    }

    private ClientView Describe(string name, HealthReport report, Counter calls, string clientId)
    {
        ClientStatus status = tokens.GetStatus(name);
        HealthReportEntry check = report.Entries[name];
        return new()
        {
            Name = name,
            Health = check.Status.ToString(),
            HealthDescription = check.Description,
            State = status.State.ToString(),
            ExpiresAt = status.ExpiresAt,
            RemainingSeconds = (status.ExpiresAt - timeProvider.GetUtcNow())?.TotalSeconds ?? 0,
            LifetimeSeconds = (status.ExpiresAt - status.RequestedAt)?.TotalSeconds,
            AgeSeconds = status.Age?.TotalSeconds,
            TokenFingerprint = status.TokenFingerprint,
            LastRenewedAt = status.LastRenewedAt,
            LastRenewalReason = status.LastRenewalReason,
            ConsecutiveFailures = status.ConsecutiveFailures,
            LastErrorType = check.Data.GetValueOrDefault($"{name}.last_error_type")?.ToString(),
            LastError = status.LastError?.Message,
            NextAttemptAt = status.NextAttemptAt,
            CredentialExpiresAt = status.CredentialExpiresAt,
            Calls = calls.Read(),
            TokenRequests = server.TokenRequests[clientId].Read(),
        };
    }
}

internal sealed record State(
    DateTimeOffset Time,
    string Health,
    Switches Switches,
    IReadOnlyList<ClientView> Clients,
    IReadOnlyList<LogLine> Log);

internal sealed record ClientView
{
    public required string Name { get; init; }

    public required string Health { get; init; }

    public string? HealthDescription { get; init; }

    public required string State { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public double RemainingSeconds { get; init; }

    public double? LifetimeSeconds { get; init; }

    public double? AgeSeconds { get; init; }

    public string? TokenFingerprint { get; init; }

    public DateTimeOffset? LastRenewedAt { get; init; }

    public string? LastRenewalReason { get; init; }

    public int ConsecutiveFailures { get; init; }

    public string? LastErrorType { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    public DateTimeOffset? CredentialExpiresAt { get; init; }

    public required Counts Calls { get; init; }

    public required Counts TokenRequests { get; init; }
}
