using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every line of every category and level: its text, its parts, its scopes and its exception.</summary>
internal sealed class LogEar(Sightings sightings) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        LookAtParts(state);
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        sightings.Look(nameof(LogEar), $"{eventId} {formatter(state, exception)} {exception}");
        LookAtParts(state);
    }

    public void Dispose()
    {
    }

    // A structured sink sees the parts, of which the text may show less.
    private void LookAtParts(object? state)
    {
        sightings.Look(nameof(LogEar), $"{state}");
        foreach ((string name, object? value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
        {
            sightings.Look(nameof(LogEar), $"{name}={value}");
        }
    }
}
