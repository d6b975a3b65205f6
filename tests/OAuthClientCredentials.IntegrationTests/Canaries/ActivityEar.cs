using System.Diagnostics;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every activity of every source when it ends: names, tags, events, links, baggage and status.</summary>
internal sealed class ActivityEar : IDisposable
{
    private readonly Sightings _sightings;
    private readonly ActivityListener _listener;

    public ActivityEar(Sightings sightings)
    {
        _sightings = sightings;
        _listener = new()
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = Look,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    private void Look(Activity activity)
    {
        _sightings.Look(nameof(ActivityEar), $"{activity.Source.Name} {activity.OperationName} {activity.DisplayName} {activity.StatusDescription} {activity.TraceStateString}");
        IEnumerable<KeyValuePair<string, object?>> tags = activity.TagObjects
            .Concat(activity.Events.SelectMany(happened => happened.Tags.Prepend(new(happened.Name, null))))
            .Concat(activity.Links.SelectMany(link => link.Tags ?? []))
            .Concat(activity.Baggage.Select(item => KeyValuePair.Create(item.Key, (object?)item.Value)));
        foreach ((string name, object? value) in tags)
        {
            _sightings.Look(nameof(ActivityEar), $"{activity.OperationName} {name}={value}");
        }
    }
}
