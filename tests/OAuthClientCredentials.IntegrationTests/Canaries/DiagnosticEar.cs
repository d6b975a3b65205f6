using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every event of every DiagnosticListener, with what its payload shows of itself, a few levels down.</summary>
internal sealed class DiagnosticEar : IObserver<DiagnosticListener>, IDisposable
{
    private const int Levels = 3;

    /// <summary>
    /// The live request, response and connection of a call, which the platform hands to listeners in the process itself: a token has to be in them,
    /// or it could not be sent. Their text is not looked at, nor what is inside of them.
    /// </summary>
    private static readonly Type[] LiveObjects = [typeof(HttpRequestMessage), typeof(HttpResponseMessage), typeof(HttpContext), typeof(HttpContent)];

    private readonly ConcurrentBag<IDisposable> _subscriptions = [];
    private readonly Sightings _sightings;

    public DiagnosticEar(Sightings sightings)
    {
        _sightings = sightings;
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    public void OnNext(DiagnosticListener value) => _subscriptions.Add(value.Subscribe(new Events(this, value.Name)));

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose()
    {
        foreach (IDisposable subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }

    private void Look(string name, object? value, int levels)
    {
        if (value is null || LiveObjects.Any(live => live.IsInstanceOfType(value)))
        {
            return;
        }

        // The text of a payload is that of the live objects in it.
        bool isPayload = IsPayload(value.GetType());
        _sightings.Look(nameof(DiagnosticEar), isPayload ? name : $"{name}: {value}");
        if (levels > 0 && value is IEnumerable<KeyValuePair<string, object?>> pairs)
        {
            foreach ((string key, object? inner) in pairs.ToArray())
            {
                Look($"{name} {key}", inner, levels - 1);
            }
        }
        else if (levels > 0 && (isPayload || IsOurs(value.GetType())))
        {
            foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Where(property => property.GetIndexParameters().Length == 0))
            {
                Look($"{name} {property.Name}", property.GetValue(value), levels - 1);
            }
        }
    }

    // Anonymous types and those that stand for them; a getter of any other type may do anything.
    private static bool IsPayload(Type type) =>
        type.Name.StartsWith("<>", StringComparison.Ordinal) || type.Name.EndsWith("Data", StringComparison.Ordinal);

    private static bool IsOurs(Type type) => type.Assembly == typeof(TokenProvider).Assembly;

    private sealed class Events(DiagnosticEar ear, string listener) : IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(KeyValuePair<string, object?> value) => ear.Look($"{listener} {value.Key}", value.Value ?? "", Levels);

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
