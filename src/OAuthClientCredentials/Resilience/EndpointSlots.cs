using System.Collections.Concurrent;

namespace OAuthClientCredentials.Resilience;

/// <summary>How many token requests may be under way at each server: many tokens that are needed at once do not become a stampede .</summary>
internal sealed class EndpointSlots
{
    private readonly ConcurrentDictionary<(string Server, int Count), SemaphoreSlim> _slots = new();

    public SemaphoreSlim Of(ClientCredentialsOptions options) =>
        _slots.GetOrAdd((options.TokenEndpoint ?? options.Authority!, options.MaxConcurrentRequests), static key => new(key.Count));
}
