using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>
/// Revokes access tokens (RFC 7009) with the client authentication, the time limits and the retries of token requests. Each attempt reads
/// the credential and signs anew.
/// </summary>
internal sealed class RevocationClient(EndpointClient endpoint, TokenRequestBuilder builder, TimeProvider timeProvider)
{
    /// <exception cref="TokenRequestException">The token was not revoked.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task RevokeAsync(ClientSettings settings, AccessToken token, CancellationToken cancellationToken)
    {
        // The time limits and retries are those of a token request, whose result is a token. Here it is the revoked one.
        WantedToken revocation = new(settings.ForRevocation(), settings.DefaultRequest, isAwaited: true);
        return TokenRequestGuard.RunForCallerAsync(revocation, RunAttemptsAsync, timeProvider, cancellationToken);

        Task<AccessToken> RunAttemptsAsync(WantedToken wanted, CancellationToken stop) =>
            Attempts.RunAsync(wanted, (_, limit) => AttemptAsync(wanted, token, limit), stop);
    }

    private async Task<AccessToken> AttemptAsync(WantedToken wanted, AccessToken token, CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        settings.Cooldown.ThrowIfOpen(settings.HasCredentialFile);
        AuthorizationServerRequest request =
            await builder.PrepareRevocationAsync(settings, token, cancellationToken).ConfigureAwait(false);
        return await Attempts
            .LimitAsync(wanted, limit => SendAsync(wanted, request, token, limit), timeProvider, cancellationToken)
            .ConfigureAwait(false);
    }

    // Any success response counts, also for a token that the server does not know. Its body has no meaning (RFC 7009 section 2.2).
    private async Task<AccessToken> SendAsync(
        WantedToken wanted,
        AuthorizationServerRequest request,
        AccessToken token,
        CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        await settings.Authentication.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        using HttpRequestMessage message = TokenRequestMessage.Create(request);
        _ = WireAddress.Follow(message, Fapi2Profile.PlainHttpOf(settings.Options));
        wanted.Sent++;
        EndpointResponse response = await TokenRequestMessage.SendAsync(endpoint, message, request, settings, cancellationToken)
            .ConfigureAwait(false);
        if (!response.IsSuccess)
        {
            throw TokenResponseReader.ReadError(response, request, settings);
        }

        return token;
    }
}

/// <summary>Revokes a token.</summary>
internal delegate Task RevokeToken(ClientSettings settings, AccessToken token, CancellationToken cancellationToken);
