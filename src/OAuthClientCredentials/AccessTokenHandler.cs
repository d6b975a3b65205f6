using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>Attaches access tokens to the requests of an HttpClient, and renews a token once when the API responds with 401.</summary>
/// <remarks>
/// The caller's request is never changed: a copy of it carries the token, and is sent again if the token was rejected.
/// Without a token no request is sent. <c>AddClientCredentialsHandler</c> puts the handler innermost, so that each attempt of a retry
/// around it takes the token that is valid then.
/// Thread-safe; it keeps nothing of a request or user.
/// </remarks>
public sealed class AccessTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;
    private readonly AccessTokenHandlerOptions _options;
    private readonly OriginPolicy _origins;
    private readonly Func<TlsCertificate, CertificateTransport> _transportWith;
    private readonly RejectionLog _log;
    private TokenSource? _source;
    private ImmutableArray<AccessToken> _beingRenewed = [];

    internal AccessTokenHandler(
        ITokenProvider tokens,
        string clientName,
        AccessTokenHandlerOptions options,
        OriginPolicy origins,
        Func<TlsCertificate, CertificateTransport> transportWith,
        RejectionLog log)
    {
        _tokens = tokens;
        ClientName = clientName;
        _options = options;
        _origins = origins;
        _transportWith = transportWith;
        _log = log;
    }

    internal string ClientName { get; }

    /// <inheritdoc/>
    /// <exception cref="TokenRequestException">No token could be obtained; nothing was sent.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not go to the request's origin; nothing was sent.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (CopyIfTokenIsWanted(request) is not { } copy)
        {
            return base.SendAsync(request, cancellationToken);
        }

        // The hot path: no state machine and no look-up while a token is at hand.
        bool isPlain = copy.Choice is null && (copy.Content is null || !_options.BufferRequestContent);
        return isPlain && _source?.TryGet() is { } token && !MustWaitForRenewal(token, copy)
            ? SendWithAsync(token, copy, cancellationToken)
            : GetTokenAndSendAsync(copy, cancellationToken);
    }

    /// <summary>
    /// Sends with a token that is cached already, because waiting for one would block the thread. A 401 is returned, and renews the token.
    /// </summary>
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">No token is cached. Use the asynchronous methods of HttpClient.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not go to the request's origin; nothing was sent.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (CopyIfTokenIsWanted(request) is not { } copy)
        {
            return base.Send(request, cancellationToken);
        }

        Task ready = AttachTokenAsync(copy);
        if (!ready.IsCompleted)
        {
            // What was started goes on, so that a later call finds the token.
            ready.ObserveFault();
            throw new NotSupportedException(
                "HttpClient.Send needs an access token that is cached already, and there is none now. "
                + "Use SendAsync, which can wait for one.");
        }

        ready.GetAwaiter().GetResult();
        TokenBinding? binding = copy.Token!.Binding;
        HttpResponseMessage response = binding?.Certificate is { } certificate
            ? _transportWith(certificate).Forward(copy, cancellationToken)
            : base.Send(copy, cancellationToken);
        if (copy.IsAsSent)
        {
            binding?.ReadApiResponse(copy, response);
        }

        if (IsRejection(response, copy))
        {
            TryRenewAsync(copy, CancellationToken.None).ObserveFault();
            _log.HandOn(copy, response, "a synchronous call is not sent again");
        }
        else
        {
            _log.NotAboutToken(copy, response);
        }

        copy.Detach();
        return response;
    }

    // A request whose token is unwanted is sent as it is. Of all others the copy is made here, before anything is awaited.
    private RequestCopy? CopyIfTokenIsWanted(HttpRequestMessage request)
    {
        RequestTokenOptions? choice = RequestTokenOptions.Of(request);
        bool keepsHeader = !_options.OverwriteAuthorization && request.Headers.NonValidated.Contains("Authorization");
        if (keepsHeader || choice?.SkipsToken == true)
        {
            return null;
        }

        // The copy is what is checked: another thread may point the request elsewhere meanwhile.
        RequestCopy copy = new(request, choice);
        if (_origins.Refuse(copy, ClientOf(copy)) is not { } refusal)
        {
            return copy;
        }

        if (_options.SendWithoutTokenToOtherOrigins)
        {
            return null;
        }

        throw new OriginNotAllowedException(refusal);
    }

    private async Task<HttpResponseMessage> GetTokenAndSendAsync(RequestCopy copy, CancellationToken cancellationToken)
    {
        AccessToken token = await GetTokenAsync(copy, cancellationToken).ConfigureAwait(false);
        if (MustWaitForRenewal(token, copy))
        {
            token = await RenewTokenAsync(token, copy, cancellationToken).ConfigureAwait(false);
        }

        if (_options.BufferRequestContent)
        {
            await ReplayableContent.BufferAsync(copy.Content, cancellationToken).ConfigureAwait(false);
        }

        return await SendWithAsync(token, copy, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<AccessToken> GetTokenAsync(RequestCopy copy, CancellationToken cancellationToken)
    {
        if (copy.Choice is null && _tokens is TokenProvider provider)
        {
            _source = provider.GetSource(ClientName, null);
        }

        return _tokens.GetTokenAsync(ClientOf(copy), copy.Choice?.TokenRequest, cancellationToken);
    }

    // For a synchronous send, which cannot wait: the token, and the proof if it needs one.
    private async Task AttachTokenAsync(RequestCopy copy)
    {
        copy.Attach(await GetTokenAsync(copy, CancellationToken.None).ConfigureAwait(false));
        if (copy.Token!.Binding is { Certificate: null } binding)
        {
            await copy.WriteProofAsync(binding, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private ValueTask<AccessToken> RenewTokenAsync(AccessToken rejected, RequestCopy copy, CancellationToken cancellationToken) =>
        _tokens.RenewTokenAsync(rejected, ClientOf(copy), copy.Choice?.TokenRequest, cancellationToken);

    private Task<HttpResponseMessage> SendWithAsync(AccessToken token, RequestCopy copy, CancellationToken cancellationToken)
    {
        copy.Attach(token);
        Task<HttpResponseMessage> pending = ForwardAsync(copy, cancellationToken);
        if (pending.IsCompletedSuccessfully && !TokenRejection.IsPossible(pending.GetAwaiter().GetResult(), _options))
        {
            copy.Detach();
            return pending;
        }

        return RenewIfRejectedAsync(pending, copy, cancellationToken);
    }

    // A token that is bound to a certificate goes out on a connection that shows it, also while another certificate comes in.
    private Task<HttpResponseMessage> ForwardAsync(RequestCopy copy, CancellationToken cancellationToken) => copy.Token!.Binding switch
    {
        null => base.SendAsync(copy, cancellationToken),
        { Certificate: { } certificate } => _transportWith(certificate).ForwardAsync(copy, cancellationToken),
        { } binding => SendWithProofAsync(binding, copy, cancellationToken),
    };

    // One send with a proof, and once for each request a second one if the API asks for another proof. Sending again comes back here.
    private async Task<HttpResponseMessage> SendWithProofAsync(TokenBinding binding, RequestCopy copy, CancellationToken cancellationToken)
    {
        await copy.WriteProofAsync(binding, cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await base.SendAsync(copy, cancellationToken).ConfigureAwait(false);
        bool asksForAnother = copy.IsAsSent && binding.ReadApiResponse(copy, response);
        if (!asksForAnother || copy.HadSecondProof || !ReplayableContent.MayBeReplayed(copy, _options))
        {
            return response;
        }

        copy.HadSecondProof = true;
        return await SendAgainAsync(response, copy, cancellationToken).ConfigureAwait(false);
    }

    // Every pending response costs this state machine, so it holds no more than it needs.
    private async Task<HttpResponseMessage> RenewIfRejectedAsync(
        Task<HttpResponseMessage> pending,
        RequestCopy copy,
        CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await pending.ConfigureAwait(false);
        if (IsRejection(response, copy))
        {
            response = await ReplayAsync(response, copy, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            _log.NotAboutToken(copy, response);
        }

        copy.Detach();
        return response;
    }

    private async Task<HttpResponseMessage> ReplayAsync(HttpResponseMessage first, RequestCopy copy, CancellationToken cancellationToken)
    {
        // A request that cannot be sent again waits for the renewal too, so that the caller's next one has the new token.
        AccessToken? token;
        try
        {
            token = await TryRenewAsync(copy, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            first.Dispose();
            throw;
        }

        if (TokenRejection.WhyNotReplayed(copy, token, _options) is { } reason)
        {
            return _log.HandOn(copy, first, reason);
        }

        copy.Attach(token!);
        HttpResponseMessage second = await SendAgainAsync(first, copy, cancellationToken).ConfigureAwait(false);
        return second == first ? first : _log.AfterReplay(copy, second, IsRejection(second, copy));
    }

    // The token to use from now on, or null if there is none: the provider or the client may have ended while the API responded.
    private async Task<AccessToken?> TryRenewAsync(RequestCopy copy, CancellationToken cancellationToken)
    {
        AccessToken rejected = copy.Token!;
        ImmutableInterlocked.Update(ref _beingRenewed, static (all, token) => all.Add(token), rejected);
        try
        {
            return await RenewTokenAsync(rejected, copy, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TokenRequestException or ObjectDisposedException or OptionsValidationException)
        {
            return null;
        }
        finally
        {
            ImmutableInterlocked.Update(ref _beingRenewed, static (all, token) => all.Remove(token), rejected);
        }
    }

    // If the second send cannot even start, the first response is still the best one.
    private async Task<HttpResponseMessage> SendAgainAsync(HttpResponseMessage first, RequestCopy copy, CancellationToken cancellationToken)
    {
        Task<HttpResponseMessage> again = StartAsync();
        if (again.IsFaulted)
        {
            again.ObserveFault();
            return _log.HandOn(copy, first, "sending the request again could not start");
        }

        // An undisposed response keeps its connection. SocketsHttpHandler drains what is left of it, within bounds.
        first.Dispose();
        return await again.ConfigureAwait(false);

        // An exception that an inner handler throws at once becomes a faulted task like any other.
        async Task<HttpResponseMessage> StartAsync() => await ForwardAsync(copy, cancellationToken).ConfigureAwait(false);
    }

    // Its own renewal is under way, and a request that could not be sent again would be lost with the rejected token.
    private bool MustWaitForRenewal(AccessToken token, RequestCopy copy) =>
        !_beingRenewed.IsEmpty && _beingRenewed.Contains(token) && !ReplayableContent.MayBeReplayed(copy, _options);

    private bool IsRejection(HttpResponseMessage response, RequestCopy copy) =>
        copy.IsAsSent && TokenRejection.CallsForRenewal(response, _options);

    private string ClientOf(RequestCopy copy) => copy.Choice?.ClientName ?? ClientName;
}
