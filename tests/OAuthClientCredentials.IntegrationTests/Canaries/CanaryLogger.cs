using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Searches every log entry of every category and level: message, structured values, scopes and exception.</summary>
internal sealed class CanaryLogger(CanaryFindings findings) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        SearchValues(state);
        return null;
    }

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        findings.Search(CanaryListeners.Logs, $"{eventId} {formatter(state, exception)} {exception}");
        SearchValues(state);
    }

    public void Dispose()
    {
    }

    // A structured log sink receives the values too, and the message may show fewer of them.
    private void SearchValues(object? state)
    {
        findings.Search(CanaryListeners.Logs, $"{state}");
        foreach ((string name, object? value) in state as IEnumerable<KeyValuePair<string, object?>> ?? [])
        {
            findings.Search(CanaryListeners.Logs, $"{name}={value}");
        }
    }
}
