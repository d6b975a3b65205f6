using System.Collections.Concurrent;

namespace Observability.Demo;

/// <summary>Keeps the last log lines of the library for the page. Thread-safe.</summary>
internal sealed class LogLines(TimeProvider timeProvider) : ILoggerProvider
{
    private const int Capacity = 20;

    private readonly ConcurrentQueue<LogLine> _lines = new();

    /// <summary>The last lines, the newest last.</summary>
    public IReadOnlyList<LogLine> Read() => [.. _lines];

    public ILogger CreateLogger(string categoryName)
    {
        if (categoryName.StartsWith("OAuthClientCredentials", StringComparison.Ordinal))
        {
            return new Logger(this);
        }

        return Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
    }

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string text)
    {
        _lines.Enqueue(new(timeProvider.GetUtcNow(), level.ToString(), text));
        while (_lines.Count > Capacity)
        {
            _lines.TryDequeue(out _);
        }
    }

    private sealed class Logger(LogLines lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) => lines.Add(logLevel, formatter(state, exception));
    }
}

internal sealed record LogLine(DateTimeOffset Time, string Level, string Text);
