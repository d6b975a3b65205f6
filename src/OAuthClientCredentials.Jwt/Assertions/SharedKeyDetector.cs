using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>
/// Logs a warning for a key that signs for more than one issuer: each of them could replay an assertion at the other. Thread-safe.
/// </summary>
internal sealed partial class SharedKeyDetector(ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<string, string> _firstAudiences = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Key, string Audience), bool> _warned = new();
    private readonly ILogger _logger = loggers.CreateLogger("OAuthClientCredentials.Jwt");

    public void Observe(string keyThumbprint, string audience, string clientName)
    {
        string first = _firstAudiences.GetOrAdd(keyThumbprint, audience);
        if (first != audience && _warned.TryAdd((keyThumbprint, audience), true))
        {
            SharedKey(_logger, clientName, first, audience);
        }
    }

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "The client '{Client}' signs its assertions with a key that also signs for another authorization server ({First} and {Second}). "
            + "Use a separate key for each server (RFC 10070).")]
    private static partial void SharedKey(ILogger logger, string client, string first, string second);
}
