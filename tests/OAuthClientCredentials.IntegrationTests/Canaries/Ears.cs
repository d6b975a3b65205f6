namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>One ear for each way in which a process talks of what it does.</summary>
internal sealed class Ears : IDisposable
{
    private readonly ActivityEar _activities;
    private readonly MeterEar _meters;
    private readonly EventSourceEar _events;
    private readonly DiagnosticEar _diagnostics;
    private readonly ExceptionEar _exceptions;

    public Ears(params string[] markers)
    {
        Sightings = new(markers);
        Logs = new(Sightings);
        _activities = new(Sightings);
        _meters = new(Sightings);
        _events = new(Sightings);
        _diagnostics = new(Sightings);
        _exceptions = new(Sightings);
    }

    public static string[] Names => [nameof(LogEar), nameof(ActivityEar), nameof(MeterEar), nameof(EventSourceEar), nameof(DiagnosticEar), nameof(ExceptionEar)];

    public Sightings Sightings { get; }

    /// <summary>Has to be given to each application; the other ears hear the whole process.</summary>
    public LogEar Logs { get; }

    public void Dispose()
    {
        _activities.Dispose();
        _meters.Dispose();
        _events.Dispose();
        _diagnostics.Dispose();
        _exceptions.Dispose();
    }
}
