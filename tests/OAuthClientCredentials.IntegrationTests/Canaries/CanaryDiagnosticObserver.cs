using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Searches every event of every DiagnosticListener, and the properties of its payload down to three levels.</summary>
internal sealed class CanaryDiagnosticObserver : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private const int Levels = 3;

    /// <summary>The live objects of a call, which the platform hands to listeners in the process. The token must be in them.</summary>
    private static readonly Type[] LiveObjects =
        [typeof(HttpRequestMessage), typeof(HttpResponseMessage), typeof(HttpContext), typeof(HttpContent)];

    private readonly ConcurrentBag<IDisposable> _subscriptions = [];
    private readonly CanaryFindings _findings;

    public CanaryDiagnosticObserver(CanaryFindings findings)
    {
        _findings = findings;
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    public void OnNext(DiagnosticListener value) => _subscriptions.Add(value.Subscribe(this));

    public void OnNext(KeyValuePair<string, object?> value) => Search(value.Key, value.Value ?? "", Levels);

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

    private void Search(string name, object? value, int levels)
    {
        if (value is null || LiveObjects.Any(live => live.IsInstanceOfType(value)))
        {
            return;
        }

        // The text of a payload contains the text of the live objects in it.
        bool isPayload = IsPayload(value.GetType());
        _findings.Search(CanaryListeners.DiagnosticEvents, isPayload ? name : $"{name}: {value}");
        foreach ((string member, object? inner) in levels > 0 ? Members(value, isPayload) : [])
        {
            Search($"{name} {member}", inner, levels - 1);
        }
    }

    private static IEnumerable<KeyValuePair<string, object?>> Members(object value, bool isPayload)
    {
        if (value is IEnumerable<KeyValuePair<string, object?>> pairs)
        {
            return pairs.ToArray();
        }

        // A getter of another type may do anything.
        if (!isPayload && value.GetType().Assembly != typeof(TokenProvider).Assembly)
        {
            return [];
        }

        return value.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(property => property.GetIndexParameters().Length == 0)
            .Select(property => KeyValuePair.Create(property.Name, property.GetValue(value)));
    }

    // Anonymous types, and the types that the platform uses for the same purpose.
    private static bool IsPayload(Type type) =>
        type.Name.StartsWith("<>", StringComparison.Ordinal) || type.Name.EndsWith("Data", StringComparison.Ordinal);
}
