using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>What tests look at inside a provider.</summary>
internal static class ProviderState
{
    /// <summary>Whether a token request is under way.</summary>
    public static bool IsInFlight(this TokenProvider tokens, string clientName = "", TokenRequest? request = null) =>
        tokens.GetSource(clientName, request).GetStatus().State is ClientState.Requesting or ClientState.Renewing;

    /// <summary>How many sources are kept, those of the clients' own requests included.</summary>
    public static int SourceCount(this TokenProvider tokens) => ClientsOf(tokens).Values.Sum(client => client.Others.Count + 1);

    /// <summary>The identity of a request's token.</summary>
    public static string KeyOf(this TokenProvider tokens, string clientName = "", TokenRequest? request = null) =>
        TokenIdentity.Compute(clientName, tokens.GetSettings(clientName).Options, tokens.GetSource(clientName, request).Request);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_caches")]
    private static extern ref ConcurrentDictionary<string, ClientTokenCache> ClientsOf(TokenProvider tokens);
}
