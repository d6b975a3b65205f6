using System.Net.Http.Headers;

namespace OAuthClientCredentials.Wire;

// Its type tells our header from one that the caller set, also when an outer retry brings the same request by again.
internal sealed class AccessTokenHeader(AccessToken token) : AuthenticationHeaderValue(token.TokenType, token.Value)
{
    /// <summary>The token that the request carries: after a 401 it is the one that was rejected.</summary>
    public AccessToken Token => token;
}
