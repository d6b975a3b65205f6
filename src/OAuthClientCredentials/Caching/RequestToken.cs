using OAuthClientCredentials.Configuration;

namespace OAuthClientCredentials.Caching;

/// <summary>How a source gets a token: the TokenClient's work, of which the cache knows no more than this.</summary>
internal delegate Task<AccessToken> RequestToken(Func<ClientSettings> currentSettings, TokenRequest resolved, long behindUntil, CancellationToken cancellationToken);
