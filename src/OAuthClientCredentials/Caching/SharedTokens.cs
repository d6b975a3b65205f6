using OAuthClientCredentials.Clients;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Caching;

/// <summary>Asks a shared cache before the token endpoint.</summary>
internal sealed class SharedTokens(ISharedTokenCache cache, FetchToken fetch, TimeProvider timeProvider)
{
    public async Task<AccessToken> FetchAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        TlsCertificate? certificate = settings.Certificate is null
            ? null
            : await settings.Certificate.GetAsync(timeProvider.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        TokenBinding? binding = settings.BindingOf(certificate);
        string key = TokenIdentity.Compute(settings.Name, settings.Options, wanted.Request, binding?.Thumbprint);
        AccessToken token = await cache
            .GetOrRequestAsync(key, wanted.NotThisToken, requestToken => fetch(wanted, requestToken), cancellationToken)
            .ConfigureAwait(false);
        return token.Binding is null && binding is not null ? token.With(binding) : token;
    }
}
