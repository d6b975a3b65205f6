using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Where the tokens of a client are revoked.</summary>
internal static class RevocationEndpoint
{
    /// <summary>Returns the configured endpoint, or that of the metadata. The mutual-TLS alias is used with every method.</summary>
    /// <param name="metadata">The server's metadata; null if it was not read.</param>
    /// <param name="settings">The settings of the client.</param>
    /// <exception cref="TokenRequestException">No endpoint is known, or the one in the metadata is not allowed.</exception>
    public static Uri Find(ServerMetadata? metadata, ClientSettings settings)
    {
        if (settings.Options.RevocationEndpoint is { Length: > 0 } configured)
        {
            return new Uri(configured);
        }

        OptionalEndpoint found = metadata?.Revocation ?? default;
        if (settings.UsesMutualTls && metadata is not null && metadata.MtlsRevocation != default)
        {
            found = metadata.MtlsRevocation;
        }

        return found.Address ?? throw Unknown(found.Problem, metadata is not null, settings.Context);
    }

    private static TokenRequestException Unknown(string? problem, bool hasMetadata, ClientContext client)
    {
        string what = "there is no Authority to discover the revocation endpoint from";
        if (problem is not null)
        {
            what = $"the metadata of the server cannot be used: {problem}";
        }
        else if (hasMetadata)
        {
            what = "the metadata of the server has no revocation_endpoint";
        }

        string option = client.Option(nameof(ClientCredentialsOptions.RevocationEndpoint));
        return client.Error($": {what}. If the server can revoke tokens, set {option}.", isTransient: false, kind: ErrorType.Metadata);
    }
}
