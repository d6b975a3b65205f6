namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>The base class of all integration tests: no secret or token may appear in the diagnostics of a test .</summary>
public abstract class CanaryTests : IAsyncLifetime
{
    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        Canary.Listeners.CollectGauges();

        // The marker is removed: otherwise the message of this failure would be the next finding.
        string found = string.Join('\n', Canary.Listeners.Findings.Found.Take(3));
        Assert.True(found.Length == 0, found.Replace(Canary.Marker, "(canary)", StringComparison.OrdinalIgnoreCase));
        return Task.CompletedTask;
    }
}
