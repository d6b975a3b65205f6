using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Every log line of every category and level, as text.</summary>
/// <param name="onEvent">Gets the number of each event before its line is kept.</param>
internal sealed class LogLines(Action<int>? onEvent = null) : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>The parameters of all lines, as a structured log stores them.</summary>
    public ConcurrentQueue<KeyValuePair<string, object?>> Parameters { get; } = new();

    public string Text => string.Join('\n', Lines);

    /// <summary>The values of one parameter, in order.</summary>
    public string[] ValuesOf(string parameter) => [.. Parameters.Where(pair => pair.Key == parameter).Select(pair => $"{pair.Value}")];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Lines.Enqueue($"{state}");
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
        onEvent?.Invoke(eventId.Id);
        foreach (KeyValuePair<string, object?> parameter in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            Parameters.Enqueue(parameter);
        }

        Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");
    }

    public void Dispose()
    {
    }
}
