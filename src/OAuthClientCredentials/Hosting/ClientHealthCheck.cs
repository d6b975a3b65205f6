using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials.Clients;

namespace OAuthClientCredentials.Hosting;

/// <summary>Reports the health of clients from the status of their tokens. It requests nothing (R-323).</summary>
internal sealed class ClientHealthCheck(
    TokenProvider tokens,
    ConfiguredClients configured,
    TimeProvider timeProvider,
    IReadOnlyList<string>? clientNames,
    TimeSpan credentialExpiresWithin) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ClientHealth[] clients = [.. (clientNames ?? configured.Names).Select(name => Check(configured.Resolve(name)))];
        HealthStatus health = clients.Select(client => client.Health).Append(HealthStatus.Healthy).Min();
        if (health == HealthStatus.Unhealthy)
        {
            health = context.Registration.FailureStatus;
        }

        Dictionary<string, object> data = new(StringComparer.Ordinal);
        Array.ForEach(clients, client => client.AddTo(data));
        return Task.FromResult(new HealthCheckResult(health, Describe(clients), exception: null, data));
    }

    private ClientHealth Check(string clientName)
    {
        // The status of an unknown name would be that of a new client.
        if (!configured.WasKnown(clientName))
        {
            const string Problem = "is not registered. Register it with AddClientCredentials, or correct its name in the health check";
            return new(clientName, HealthStatus.Unhealthy, "NotRegistered", Problem);
        }

        try
        {
            ClientStatus token = tokens.GetStatus(clientName);
            return ClientHealth.Of(clientName, token, timeProvider.GetUtcNow(), credentialExpiresWithin);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            string problem = $"has options that are not valid: {ClientSettingsProvider.Describe(exception).TrimEnd('.')}";
            return new(clientName, HealthStatus.Unhealthy, "Invalid", problem);
        }
    }

    private static string Describe(ClientHealth[] clients)
    {
        IEnumerable<string> problems = clients
            .Where(client => client.Problem is not null)
            .Select(client => $"{ClientContext.DisplayNameOf(client.ClientName)} {client.Problem}.");
        string description = string.Join(' ', problems);
        if (description.Length > 0)
        {
            return description;
        }

        IEnumerable<string> states = clients
            .GroupBy(client => client.State, (state, all) => $"{state} {all.Count()}")
            .Order(StringComparer.Ordinal)
            .DefaultIfEmpty("none");
        return $"Clients by state: {string.Join(", ", states)}.";
    }
}
