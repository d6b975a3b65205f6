using System.Net.Http.Headers;

namespace OAuthClientCredentials.Wire;

// Its type tells our header from one that the caller set, also when an outer retry brings the same request by again.
internal sealed class AccessTokenHeader(string scheme, string token) : AuthenticationHeaderValue(scheme, token);
