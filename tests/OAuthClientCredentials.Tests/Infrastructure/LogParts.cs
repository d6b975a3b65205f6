using System.Collections;
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Collects the text of every entry and scope, and each of their parts, as structured providers do.</summary>
internal sealed class LogParts : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Parts { get; } = new();

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull
    {
        Add(state);
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
        Parts.Enqueue(formatter(state, exception));
        Add(state);
    }

    public void Dispose()
    {
    }

    private void Add(object? part)
    {
        Parts.Enqueue($"{part}");
        if (part is not string and IEnumerable parts)
        {
            foreach (object? inner in parts)
            {
                Add(inner?.GetType().GetProperty("Value")?.GetValue(inner) ?? inner);
            }
        }
    }
}
