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
        TokenBinding? binding = await FindBindingAsync(settings, cancellationToken).ConfigureAwait(false);
        string key = TokenIdentity.Compute(settings.Name, settings.Options, wanted.Request, binding?.Thumbprint);
        AccessToken? requested = null;
        AccessToken token;
        try
        {
            token = await AskAsync(wanted.NotThisToken).ConfigureAwait(false);
            if (requested is null && !IsUsable(token, binding, wanted))
            {
                token = await AskAsync(token).ConfigureAwait(false);
            }
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

        if (!IsUsable(token, binding, wanted))
        {
            return await fetch(wanted, cancellationToken).ConfigureAwait(false);
        }

        return binding is null ? token : token.With(binding);

        Task<AccessToken> AskAsync(AccessToken? notThisToken) =>
            cache.GetOrRequestAsync(key, notThisToken, TimeLeft(wanted), RequestAsync, cancellationToken);

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

    private async ValueTask<TokenBinding?> FindBindingAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        TlsCertificate? certificate = null;
        if (settings.Certificate is { } source)
        {
            certificate = await source.GetAsync(timeProvider.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        }

        return settings.BindingOf(certificate);
    }

    // Anybody may write to a cache that is not encrypted, and the instance that requested the token may have other options.
    private static bool IsUsable(AccessToken token, TokenBinding? binding, WantedToken wanted)
    {
        ClientCredentialsOptions options = wanted.Settings.Options;
        bool hasType = token.TokenType.Equals(binding?.TokenType ?? AccessToken.Bearer, StringComparison.OrdinalIgnoreCase);
        bool hasLifetime = token.RequestedAt is not { } requestedAt || token.ExpiresAt - requestedAt <= options.MaxLifetime;
        bool hasScopes = !options.RequireAllScopes
            || TokenResponseReader.MissingScopes(wanted.Request.Scopes ?? [], token.Scopes).Length == 0;
        return hasType && hasLifetime && hasScopes;
    }

    private TimeSpan TimeLeft(WantedToken wanted) => timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), wanted.Deadline);
}
