using Microsoft.Extensions.Hosting;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// Prepares the store while the host starts, so that the first call finds it within the time limit. It delays nothing and fails nothing.
/// </summary>
internal sealed class StoreWarmUp(Func<SharedTokenCache?> cache) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = Task.Run(WarmUpAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task WarmUpAsync()
    {
        try
        {
            if (cache() is { } shared)
            {
                await shared.WarmUpAsync().ConfigureAwait(false);
            }
        }
#pragma warning disable CA1031 // The first token request reports what is wrong.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The store is not ready yet.
        }
    }
}
