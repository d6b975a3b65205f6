using Microsoft.Extensions.Hosting;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// Prepares the cache before the first tokens are requested, so that the first call finds it within the time limit. A cache that is down
/// delays the start of the host by at most 2 seconds and does not fail it.
/// </summary>
internal sealed class StoreWarmUp(Func<SharedTokenCache?> cache, TimeProvider timeProvider) : IHostedLifecycleService
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(2);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        // On another thread, because a client may connect synchronously.
        Task warmUp = Task.Run(WarmUpAsync, CancellationToken.None);
        await Task.WhenAny(warmUp, Task.Delay(MaxDelay, timeProvider, cancellationToken)).ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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
            // The cache is not ready yet.
        }
    }
}
