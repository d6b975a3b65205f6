using System.Collections.Concurrent;
using System.Globalization;

namespace OAuthClientCredentials.OutageRun;

/// <summary>Asks Prometheus once a second which alerts fire, and keeps when each began and ended.</summary>
internal sealed class AlertWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<Firing> _firings = new();
    private readonly List<Cause> _causes = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Prometheus _prometheus;
    private readonly Task _loop;

    public AlertWatch(Prometheus prometheus)
    {
        _prometheus = prometheus;
        _loop = Task.Run(LoopAsync);
    }

    /// <summary>Every period in which an alert fired.</summary>
    public IEnumerable<Firing> Firings => _firings;

    /// <summary>The causes in the order of the run.</summary>
    public IEnumerable<Cause> Causes => _causes;

    public Cause BeginCause(string alert, string what, DateTimeOffset? began = null)
    {
        Cause cause = new(alert, what, began ?? DateTimeOffset.UtcNow);
        _causes.Add(cause);
        return cause;
    }

    public Task UntilFiredAsync(Cause cause, TimeSpan limit) =>
        Wait.UntilAsync($"{cause.Alert} fires ({cause.What})", limit, () => HoldsAsync(() => FiringOf(cause) is not null));

    /// <summary>Waits until the alert does not fire any more, even if it fired again after a pause.</summary>
    public Task UntilResolvedAsync(Cause cause, TimeSpan limit) =>
        Wait.UntilAsync($"{cause.Alert} resolves ({cause.What})", limit, () => HoldsAsync(() => !IsFiring(cause.Alert)));

    public bool IsFiring(string alert) => _firings.Any(firing => firing.Alert == alert && firing.To is null);

    /// <summary>Prints when each alert fired and resolved. An alert that did not is a problem.</summary>
    public void Print(Report report)
    {
        Report.Title("Alerts (seconds after the cause began, and after it ended)");
        Report.Row("alert", "cause", "fired after", "resolved after");
        foreach (Cause cause in _causes)
        {
            TimeSpan? fired = FiringOf(cause)?.From - cause.Began;
            TimeSpan? resolved = ResolvedAt(cause) - cause.Ended;
            Report.Row(cause.Alert, cause.What, Text(fired, "not"), Text(resolved, "not"));
            report.Require(fired is not null, $"{cause.Alert} did not fire ({cause.What})");
            report.Require(resolved is not null, $"{cause.Alert} did not resolve ({cause.What})");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        _end.Dispose();
    }

    private static string Text(TimeSpan? time, string without) =>
        time is TimeSpan known ? string.Create(CultureInfo.InvariantCulture, $"{known.TotalSeconds:0} s") : without;

    // The loop ends with the first failure of Prometheus. The wait then fails with the same exception, not with a timeout.
    private async Task<bool> HoldsAsync(Func<bool> condition)
    {
        if (_loop.IsFaulted)
        {
            await _loop;
        }

        return condition();
    }

    private Firing? FiringOf(Cause cause) =>
        _firings.FirstOrDefault(firing => firing.Alert == cause.Alert && firing.From >= cause.Began);

    // The last period that began before the cause ended: an alert can pause and fire again while its cause lasts.
    private DateTimeOffset? ResolvedAt(Cause cause) =>
        _firings.LastOrDefault(firing => firing.Alert == cause.Alert && firing.From >= cause.Began && firing.From <= cause.Ended)?.To;

    private async Task LoopAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            string[] names = await _prometheus.FiringAsync();
            DateTimeOffset now = DateTimeOffset.UtcNow;
            foreach (Firing over in _firings.Where(firing => firing.To is null && !names.Contains(firing.Alert)))
            {
                over.To = now;
            }

            foreach (string name in names.Where(name => !IsFiring(name)))
            {
                _firings.Enqueue(new(name, now));
            }

            await Task.Delay(Interval, _end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }
}

/// <summary>What the run did so that an alert fires, and when.</summary>
internal sealed record Cause(string Alert, string What, DateTimeOffset Began)
{
    public DateTimeOffset? Ended { get; private set; }

    public void End() => Ended = DateTimeOffset.UtcNow;
}

/// <summary>A period in which an alert fired for at least one client.</summary>
internal sealed record Firing(string Alert, DateTimeOffset From)
{
    /// <summary><see langword="null"/> while it fires.</summary>
    public DateTimeOffset? To { get; set; }
}
