using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>The parameters of every log line, as a structured log stores them.</summary>
internal sealed class LogValues : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<KeyValuePair<string, object?>> _values = new();

    /// <summary>The values of one parameter, in order.</summary>
    public string[] Of(string parameter) => [.. _values.Where(pair => pair.Key == parameter).Select(pair => $"{pair.Value}")];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        foreach (KeyValuePair<string, object?> pair in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
        {
            _values.Enqueue(pair);
        }
    }

    public void Dispose()
    {
    }
}
