using System.Net;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>What to change after an error response of a revocation endpoint (RFC 7009 section 2.2.1).</summary>
internal static class RevocationRemedies
{
    /// <summary>Returns the remedy; null if the remedy for the same response of a token endpoint is right.</summary>
    public static string? Find(string? error, EndpointResponse response, ClientContext client)
    {
        if (error == "unsupported_token_type")
        {
            return "The server does not revoke access tokens of this kind. The token stays valid until it expires.";
        }

        if (response.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return $"Check {client.Option(nameof(ClientCredentialsOptions.RevocationEndpoint))}: this is not a revocation endpoint.";
        }

        if (error is "invalid_request" or "unauthorized_client" or "access_denied")
        {
            return "Check that the authorization server allows this client to revoke its tokens.";
        }

        return null;
    }
}
