using OAuthClientCredentials.Clients;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Caching;

/// <summary>Asks the shared cache before the token endpoint.</summary>
internal sealed class SharedTokens(ISharedTokenCache cache, FetchToken fetch, TimeProvider timeProvider)
{
    public async Task<AccessToken> FetchAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        TlsCertificate? certificate = null;
        if (settings.Certificate is { } source)
        {
            certificate = await source.GetAsync(timeProvider.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        }

        TokenBinding? binding = settings.BindingOf(certificate);
        string key = TokenIdentity.Compute(settings.Name, settings.Options, wanted.Request, binding?.Thumbprint);
        AccessToken token = await cache
            .GetOrRequestAsync(key, wanted.NotThisToken, requestToken => fetch(wanted, requestToken), cancellationToken)
            .ConfigureAwait(false);
        if (token.Binding is null && binding is not null)
        {
            return token.With(binding);
        }

        return token;
    }
}
