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
        AccessToken? requested = null;
        AccessToken token;
        try
        {
            token = await cache
                .GetOrRequestAsync(key, wanted.NotThisToken, TimeLeft(wanted), RequestAsync, cancellationToken)
                .ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The cache may throw any exception, and a token that was requested is not lost.
        catch (Exception) when (requested is not null)
#pragma warning restore CA1031
        {
            return requested;
        }

        if (requested is not null)
        {
            return requested;
        }

        // The type is not trusted, because anybody may write to a cache that is not encrypted.
        if (!token.TokenType.Equals(binding?.TokenType ?? AccessToken.Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return await fetch(wanted, cancellationToken).ConfigureAwait(false);
        }

        return binding is null ? token : token.With(binding);

        async Task<AccessToken> RequestAsync(CancellationToken stop)
        {
            requested = await fetch(wanted, stop).ConfigureAwait(false);
            if (requested.BindingThumbprint != binding?.Thumbprint)
            {
                // Thrown only so that the cache stores nothing. The token is returned.
                throw new InvalidOperationException("The certificate was replaced meanwhile. The token is not shared under its key.");
            }

            return requested;
        }
    }

    private TimeSpan TimeLeft(WantedToken wanted) => timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), wanted.Deadline);
}
