using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>Notices a key that signs for more than one issuer: whoever runs one of them could pass an assertion on to the other .</summary>
internal sealed partial class SharedKeyDetector(ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<string, string> _issuers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Key, string Audience), bool> _warned = new();
    private readonly ILogger _logger = loggers.CreateLogger("OAuthClientCredentials.Jwt");

    public void Observe(string keyThumbprint, string audience, string clientName)
    {
        if (_issuers.GetOrAdd(keyThumbprint, audience) != audience && _warned.TryAdd((keyThumbprint, audience), true))
        {
            Shared(_logger, clientName, _issuers[keyThumbprint], audience);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The client '{Client}' signs its assertions with a key that also signs for another authorization server ({First} and {Second}). Give each server a key of its own (RFC 10070).")]
    private static partial void Shared(ILogger logger, string client, string first, string second);
}
