using System.Collections.Concurrent;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Handling;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>The book of base addresses of each HttpClient name.</summary>
internal sealed class BaseAddressBooks
{
    private readonly ConcurrentDictionary<string, BaseAddressBook> _books = new(StringComparer.Ordinal);

    public BaseAddressBook Of(string httpClientName) => _books.GetOrAdd(httpClientName, static _ => new());
}

/// <summary>
/// Records every HttpClient that the factory creates, so that its BaseAddress is known when a request is sent. A null name stands
/// for all.
/// </summary>
internal sealed class BaseAddressRecorder(string? httpClientName, BaseAddressBooks books) : IPostConfigureOptions<HttpClientFactoryOptions>
{
    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        if (httpClientName is null || httpClientName == name)
        {
            options.HttpClientActions.Add(books.Of(name ?? "").Add);
        }
    }
}
