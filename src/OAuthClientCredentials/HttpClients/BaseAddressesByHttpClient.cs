using System.Collections.Concurrent;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.HttpClients;

/// <summary>The base addresses of each HttpClient name. Thread-safe.</summary>
internal sealed class BaseAddressesByHttpClient
{
    private readonly ConcurrentDictionary<string, BaseAddresses> _byName = new(StringComparer.Ordinal);

    public BaseAddresses Of(string httpClientName) => _byName.GetOrAdd(httpClientName, static _ => new());
}
