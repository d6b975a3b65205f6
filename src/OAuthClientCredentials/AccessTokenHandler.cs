using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>Attaches access tokens to the requests of an HttpClient, and renews a token once when the API responds with 401.</summary>
/// <remarks>
/// The caller's request is never changed. A copy of it carries the token, and is sent again if the API rejected the token.
/// <c>AddClientCredentialsHandler</c> makes it the innermost handler, so that each attempt of a retry around it uses the current token.
/// If no token can be obtained, nothing is sent. Thread-safe; it keeps no state of a request or user.
/// </remarks>
public sealed class AccessTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;
    private readonly AccessTokenHandlerOptions _options;
    private readonly OriginPolicy _origins;
    private readonly Func<TlsCertificate, CertificateTransport>? _transportWith;
    private readonly HandlerEvents _events;
    private TokenSource? _source;
    private ImmutableArray<AccessToken> _beingRenewed = [];

    /// <summary>Creates a handler without dependency injection. Set its inner handler, or put it into a chain of handlers.</summary>
    /// <param name="tokens">Provides the tokens. It is not disposed.</param>
    /// <param name="options">How tokens are attached. <see cref="AccessTokenHandlerOptions.AllowedOrigins"/> is required, because the
    /// handler does not know the HttpClient and its <c>BaseAddress</c>.</param>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <remarks>Your inner handler shows the client certificate, if tokens are bound to one.</remarks>
    /// <exception cref="ArgumentException"><see cref="AccessTokenHandlerOptions.AllowedOrigins"/> is empty or not valid.</exception>
    public AccessTokenHandler(ITokenProvider tokens, AccessTokenHandlerOptions options, string clientName = "")
        : this(
            tokens,
            clientName,
            options,
            OriginPolicy.WithoutHttpClient(clientName, options, name => PlainHttpOf(tokens, name)),
            transportWith: null,
            HandlerEvents.Of(clientName, (tokens as TokenProvider)?.Events)) => ArgumentNullException.ThrowIfNull(tokens);

    internal AccessTokenHandler(
        ITokenProvider tokens,
        string clientName,
        AccessTokenHandlerOptions options,
        OriginPolicy origins,
        Func<TlsCertificate, CertificateTransport>? transportWith,
        HandlerEvents events)
    {
        _tokens = tokens;
        ClientName = clientName;
        _options = options;
        _origins = origins;
        _transportWith = transportWith;
        _events = events;
    }

    internal string ClientName { get; }

    /// <inheritdoc/>
    /// <exception cref="TokenRequestException">No token could be obtained; nothing was sent.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not be sent to the request's origin; nothing was sent.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (RequestCopy.Create(request, _options, _origins, ClientName) is not { } copy)
        {
            _events.SentWithoutToken(request);
            return base.SendAsync(request, cancellationToken);
        }

        // The hot path: with a cached token, no state machine and no look-up.
        bool isPlain = copy.TokenOptions is null && (copy.Content is null || !_options.BufferRequestContent);
        if (isPlain && _source?.TryGet() is { } token && !MustWaitForRenewal(token, copy))
        {
            return SendWithTokenAsync(token, copy, cancellationToken);
        }

        return GetTokenAndSendAsync(copy, cancellationToken);
    }

    /// <summary>Sends with a cached token, because it cannot wait for one. A 401 is returned, and the token is renewed for later.</summary>
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">No token is cached, or a remote signer makes the proof.
    /// Use the asynchronous methods of HttpClient.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not be sent to the request's origin; nothing was sent.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (RequestCopy.Create(request, _options, _origins, ClientName) is not { } copy)
        {
            _events.SentWithoutToken(request);
            return base.Send(request, cancellationToken);
        }

        Task attached = AttachTokenAsync(copy);
        if (!attached.IsCompleted)
        {
            // The token request continues, so that a later call finds the token in the cache.
            attached.ObserveFault();
            string problem = copy.Token is null ? "found no cached token" : "cannot wait for the signer of the proof";
            throw new NotSupportedException($"HttpClient.Send {problem} of client '{ClientOf(copy)}'. Use SendAsync.");
        }

        attached.GetAwaiter().GetResult();
        HttpResponseMessage response = Forward(copy, cancellationToken);

        // A synchronous call is not sent again, but its nonce is kept for the next one.
        _ = copy.ReadProofResponse(response);
        if (IsRejection(response, copy))
        {
            TryRenewAsync(copy, CancellationToken.None).ObserveFault();
            _events.Returned(copy, response, ReturnedRejection.Synchronous);
        }
        else
        {
            _events.ReturnedIfUnauthorized(copy, response);
        }

        copy.Detach();
        return response;
    }

    private async Task AttachTokenAsync(RequestCopy copy)
    {
        copy.Attach(await GetTokenAsync(copy, CancellationToken.None).ConfigureAwait(false));
        await copy.WriteProofAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private HttpResponseMessage Forward(RequestCopy copy, CancellationToken cancellationToken) => copy.Token!.Binding switch
    {
        { Certificate: { } shown } when _transportWith is not null => _transportWith(shown).Forward(copy, cancellationToken),
        _ => base.Send(copy, cancellationToken),
    };

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

        return await SendWithTokenAsync(token, copy, cancellationToken).ConfigureAwait(false);
    }

    // Also keeps the source of the client's own token for the hot path.
    private ValueTask<AccessToken> GetTokenAsync(RequestCopy copy, CancellationToken cancellationToken)
    {
        if (copy.TokenOptions is null && _tokens is TokenProvider provider)
        {
            _source = provider.GetSource(ClientName, null);
        }

        return _tokens.GetTokenAsync(ClientOf(copy), copy.TokenOptions?.TokenRequest, cancellationToken);
    }

    private Task<HttpResponseMessage> SendWithTokenAsync(AccessToken token, RequestCopy copy, CancellationToken cancellationToken)
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

    // Every pending response allocates this state machine, so it keeps few locals.
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
            _events.ReturnedIfUnauthorized(copy, response);
        }

        copy.Detach();
        return response;
    }

    // A request that cannot be replayed waits for the renewal too, so that the caller's next request has the new token.
    private async Task<HttpResponseMessage> ReplayAsync(HttpResponseMessage first, RequestCopy copy, CancellationToken cancellationToken)
    {
        try
        {
            AccessToken? renewed = await TryRenewAsync(copy, cancellationToken).ConfigureAwait(false);
            ReturnedRejection? whyReturned = TokenRejection.WhyNotReplayed(copy, renewed, _options);
            if (whyReturned is null)
            {
                copy.Attach(renewed!);
                HttpResponseMessage second = await SendAgainAsync(first, copy, cancellationToken).ConfigureAwait(false);
                if (second != first)
                {
                    _events.Replayed(copy, second, IsRejection(second, copy));
                    return second;
                }

                whyReturned = ReturnedRejection.ReplayFailed;
            }

            _events.Returned(copy, first, whyReturned);
            return first;
        }
        catch
        {
            _events.ReplayThrew();
            first.Dispose();
            throw;
        }
    }

    // Returns null if the renewal failed, or if the provider was disposed or the client removed in the meantime.
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

    private ValueTask<AccessToken> RenewTokenAsync(AccessToken rejected, RequestCopy copy, CancellationToken cancellationToken) =>
        _tokens.RenewTokenAsync(rejected, ClientOf(copy), copy.TokenOptions?.TokenRequest, cancellationToken);

    // Returns the first response if the second send fails at once.
    private async Task<HttpResponseMessage> SendAgainAsync(HttpResponseMessage first, RequestCopy copy, CancellationToken cancellationToken)
    {
        Task<HttpResponseMessage> again = StartAsync();
        if (again.IsFaulted)
        {
            again.ObserveFault();
            return first;
        }

        // An undisposed response keeps its connection. SocketsHttpHandler drains the rest of it, within limits.
        first.Dispose();
        return await again.ConfigureAwait(false);

        // An exception that an inner handler throws synchronously becomes a faulted task.
        async Task<HttpResponseMessage> StartAsync() => await ForwardAsync(copy, cancellationToken).ConfigureAwait(false);
    }

    // A certificate-bound token needs a connection that shows its certificate, also while the certificate is being replaced.
    private Task<HttpResponseMessage> ForwardAsync(RequestCopy copy, CancellationToken cancellationToken) => copy.Token!.Binding switch
    {
        { Certificate: { } shown } when _transportWith is not null => _transportWith(shown).ForwardAsync(copy, cancellationToken),
        { Certificate: null } => SendWithProofAsync(copy, cancellationToken),
        _ => base.SendAsync(copy, cancellationToken),
    };

    // Sends once more if the API demands another proof, at most once for each request. SendAgainAsync calls this method again.
    private async Task<HttpResponseMessage> SendWithProofAsync(RequestCopy copy, CancellationToken cancellationToken)
    {
        await copy.WriteProofAsync(cancellationToken).ConfigureAwait(false);
        HttpResponseMessage response = await base.SendAsync(copy, cancellationToken).ConfigureAwait(false);
        if (!copy.ReadProofResponse(response) || copy.HadSecondProof || !ReplayableContent.MayBeReplayed(copy, _options))
        {
            return response;
        }

        copy.HadSecondProof = true;
        return await SendAgainAsync(response, copy, cancellationToken).ConfigureAwait(false);
    }

    // A request that cannot be replayed would fail with a rejected token, so it waits until that token is renewed.
    private bool MustWaitForRenewal(AccessToken token, RequestCopy copy) =>
        !_beingRenewed.IsEmpty && _beingRenewed.Contains(token) && !ReplayableContent.MayBeReplayed(copy, _options);

    private bool IsRejection(HttpResponseMessage response, RequestCopy copy) =>
        copy.IsAsSent && TokenRejection.CallsForRenewal(response, copy.Token!, _options);

    private string ClientOf(RequestCopy copy) => copy.ClientNameOr(ClientName);

    private static PlainHttp PlainHttpOf(ITokenProvider tokens, string clientName) =>
        tokens is TokenProvider provider ? provider.GetSettings(clientName).PlainHttp : PlainHttp.Loopback;
}
