using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Resilience;

namespace OAuthClientCredentials.Hosting;

/// <summary>
/// Requests the first tokens while the host starts, and renews the tokens of clients with KeepWarm until it stops.
/// </summary>
/// <remarks>
/// Clients that are known only at run time, for instance tenants, are not included. The back-off and the cool-down of a client decide when
/// a request is sent, as they do for a call.
/// </remarks>
internal sealed class WarmUpService(
    TokenProvider tokens,
    ConfiguredClients configured,
    ClientSettingsProvider settings,
    TimeProvider timeProvider) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A server whose tokens are expired on arrival is not asked each second.
    private static readonly TimeSpan MinRequestInterval = TimeSpan.FromSeconds(5);

    private readonly object _gate = new();

    // Null before the start and after the stop. It fires once, and is set again while a client has KeepWarm and after each reload.
    private ITimer? _timer;
    private bool _isScheduled;

    /// <summary>Runs before any hosted service starts, so before a web server listens.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        IEnumerable<string> required = ClientsWith(static options => options.WarmUp == WarmUp.RequireAtStart);
        Task[] requests = [.. required.Select(name => RequestAsync(name, cancellationToken))];
        try
        {
            await Task.WhenAll(requests).ConfigureAwait(false);
        }
        catch (TokenRequestException) when (requests.Count(request => request.IsFaulted) > 1)
        {
            IEnumerable<Exception> failures = requests.Select(request => request.Exception?.InnerException).OfType<Exception>();
            throw new AggregateException("The host does not start: several clients with WarmUp RequireAtStart have no token.", failures);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (string name in ClientsWith(static options => options.WarmUp == WarmUp.Background))
        {
            RequestAsync(name, CancellationToken.None).ObserveFault();
        }

        lock (_gate)
        {
            _timer = DetachedTask.Start(
                () => timeProvider.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        }

        settings.Changed += Schedule;
        Tick();
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        settings.Changed -= Schedule;
        lock (_gate)
        {
            _timer?.Dispose();
            _timer = null;
        }
    }

    // Frequent reloads must not put off a tick that is scheduled already.
    private void Schedule()
    {
        lock (_gate)
        {
            if (!_isScheduled)
            {
                _isScheduled = _timer?.Change(Interval, Timeout.InfiniteTimeSpan) == true;
            }
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            _isScheduled = false;
        }

        bool hasClient = true;
        try
        {
            hasClient = RenewDueTokens();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The configuration could not be read, for instance while it was being changed. An exception here would end the process.
        }

        if (hasClient)
        {
            Schedule();
        }
    }

    /// <summary>Renews what is due, as a call would.</summary>
    /// <returns>Whether any client has KeepWarm. If none has, the timer rests until the next reload.</returns>
    private bool RenewDueTokens()
    {
        string[] clients = [.. ClientsWith(static options => options.KeepWarm)];
        Array.ForEach(clients, name => RenewIfDueAsync(name).ObserveFault());
        return clients.Length > 0;
    }

    // While a request is under way or a back-off lasts, a call would only wait or fail.
    private async Task RenewIfDueAsync(string name)
    {
        ClientStatus status = tokens.GetSource(name, null).GetStatus();
        TimeSpan? sinceRenewal = timeProvider.GetUtcNow() - status.LastRenewedAt;
        bool wasExpiredOnArrival = status.State == ClientState.Empty && sinceRenewal >= TimeSpan.Zero && sinceRenewal < MinRequestInterval;
        if (status.State is ClientState.Empty or ClientState.Due && !wasExpiredOnArrival)
        {
            await RequestAsync(name, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private IEnumerable<string> ClientsWith(Func<ClientCredentialsOptions, bool> condition) =>
        configured.Names.Where(name => OptionsOf(name) is { } options && condition(options));

    // Invalid options fail the start of the host. After a reload, the first call reports them.
    private ClientCredentialsOptions? OptionsOf(string name)
    {
        try
        {
            return settings.Get(name).Options;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return null;
        }
    }

    // Asynchronous, so that every error is in the task.
    private async Task RequestAsync(string name, CancellationToken cancellationToken)
    {
        while (!await tokens.TryWarmAsync(name, cancellationToken).ConfigureAwait(false))
        {
            // The client was reloaded meanwhile.
        }
    }
}
