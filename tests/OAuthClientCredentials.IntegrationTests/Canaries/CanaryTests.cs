namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>What all integration tests derive from: after each of them, nobody may have said a secret or a token .</summary>
public abstract class CanaryTests : IAsyncLifetime
{
    public virtual Task InitializeAsync() => Task.CompletedTask;

    public virtual Task DisposeAsync()
    {
        // Said without the canary, or the failure of this test would be heard as the next leak.
        Assert.True(Canary.Ears.Sightings.Found.IsEmpty, string.Join('\n', Canary.Ears.Sightings.Found.Take(3)).Replace(Canary.Marker, "(canary)", StringComparison.OrdinalIgnoreCase));
        return Task.CompletedTask;
    }
}
