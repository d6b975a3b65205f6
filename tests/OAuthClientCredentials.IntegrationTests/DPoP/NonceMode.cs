using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>How a server uses nonces. nonces.mjs explains the rules.</summary>
internal sealed class NonceMode(JsonObject rules, int tokenRequests, int calls)
{
    /// <summary>No nonce.</summary>
    public static NonceMode Never => new([], 2, 8);

    /// <summary>One nonce for all requests.</summary>
    public static NonceMode Once => new(new() { ["period"] = 1_000_000 }, 3, 9);

    /// <summary>A new nonce with each response, which is accepted once.</summary>
    public static NonceMode EachTime => new(new() { ["period"] = 1, ["window"] = 2, ["singleUse"] = true }, 3, 9);

    /// <summary>A new nonce after two requests. The previous one is no longer accepted.</summary>
    public static NonceMode Rotating => new(new() { ["period"] = 2 }, 4, 15);

    public JsonObject Rules => rules;

    /// <summary>How many token requests are sent for two tokens.</summary>
    public int TokenRequests => tokenRequests;

    /// <summary>How many API requests are sent for six calls, and a seventh that is rejected because the token is revoked.</summary>
    public int Calls => calls;

    public static NonceMode Named(string name) => name switch
    {
        "never" => Never,
        "once" => Once,
        "each time" => EachTime,
        _ => Rotating,
    };
}
