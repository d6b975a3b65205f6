using Microsoft.Extensions.Options;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Handling;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials;

/// <summary>Attaches the access token of one client to the requests of an HttpClient, and renews it once when the API answers 401.</summary>
/// <remarks>
/// Without a token no request is sent. Added by <c>AddClientCredentialsHandler</c>, innermost, so that each attempt of a retry around it
/// takes the token that is valid then. Thread-safe; it keeps nothing of a request or user.
/// </remarks>
public sealed class AccessTokenHandler : DelegatingHandler
{
    private readonly ITokenProvider _tokens;
    private readonly AccessTokenHandlerOptions _options;
    private readonly OriginPolicy _origins;
    private readonly Func<TlsCertificate, HttpMessageInvoker> _transportWith;
    private readonly AttachedTokens _attached;
    private TokenSource? _source;

    internal AccessTokenHandler(ITokenProvider tokens, string clientName, AccessTokenHandlerOptions options, OriginPolicy origins, AttachedTokens attached, Func<TlsCertificate, HttpMessageInvoker> transportWith)
    {
        _tokens = tokens;
        ClientName = clientName;
        _options = options;
        _origins = origins;
        _attached = attached;
        _transportWith = transportWith;
    }

    internal string ClientName { get; }

    internal void TakeOff(HttpRequestMessage request) => AttachedTokens.Strip(request, _attached.IsOurs(request.Headers.Authorization));

    /// <inheritdoc/>
    /// <exception cref="TokenRequestException">No token could be had; nothing was sent.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not go to the request's origin; nothing was sent.</exception>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        object? choice = RequestChoice.Get(request);
        if (!WantsToken(request, choice))
        {
            return base.SendAsync(request, cancellationToken);
        }

        // The hot path: no state machine and no look-up while a token is at hand.
        return choice is null && !_options.BufferRequestContent && _source?.TryGet() is { } token
            ? SendWithAsync(token, request, cancellationToken)
            : GetTokenAndSendAsync(request, choice as TokenRequest, cancellationToken);
    }

    /// <summary>Sends with a token that is cached already: waiting for one would block the thread.</summary>
    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">No token is cached. Use the asynchronous methods of HttpClient.</exception>
    /// <exception cref="OriginNotAllowedException">The token may not go to the request's origin; nothing was sent.</exception>
    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        object? choice = RequestChoice.Get(request);
        if (!WantsToken(request, choice))
        {
            return base.Send(request, cancellationToken);
        }

        ValueTask<AccessToken> pending = GetTokenAsync(choice as TokenRequest, CancellationToken.None);
        if (!pending.IsCompleted)
        {
            // The request for it goes on, so that a later call finds the token; its failure is seen here.
            pending.AsTask().ObserveFault();
            throw new NotSupportedException("HttpClient.Send needs an access token that is cached already, and there is none now. Use SendAsync, which can wait for one.");
        }

        AccessToken token = pending.GetAwaiter().GetResult();
        _attached.Attach(token, request);
        Uri uri = request.RequestUri!;
        try
        {
            HttpResponseMessage response = token.BoundTo is { } certificate ? _transportWith(certificate).Send(request, cancellationToken) : base.Send(request, cancellationToken);
            if (Verdict.IsForToken(response, _options) && !Sent.HasLeft(request, uri))
            {
                TryReject(token, choice as TokenRequest);
            }

            return response;
        }
        finally
        {
            RequestChoice.MarkIfRedirected(request, uri);
        }
    }

    // what was redirected to another origin gets nothing; a header of the caller's stays unless he said otherwise.
    private bool WantsToken(HttpRequestMessage request, object? choice)
    {
        bool hasHeader = AttachedTokens.HasHeader(request);
        bool isOurs = hasHeader && _attached.IsOurs(request.Headers.Authorization);
        if (choice == RequestChoice.Redirected || choice == RequestChoice.NoToken)
        {
            AttachedTokens.Strip(request, isOurs);
            return false;
        }

        if (hasHeader && !isOurs && !_options.OverwriteAuthorization)
        {
            return false;
        }

        if (request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            return true;
        }

        if (_origins.Refuse(uri) is not { } refusal)
        {
            return !_origins.AllowsAny || AttachedTokens.IsStillAtItsOrigin(request);
        }

        AttachedTokens.Strip(request, isOurs);
        return _options.SendWithoutTokenToOtherOrigins ? false
            : throw new OriginNotAllowedException($"The request to {uri.Scheme}://{uri.IdnHost}:{uri.Port} was not sent with a token of client '{ClientName}': {refusal}.");
    }

    private async Task<HttpResponseMessage> GetTokenAndSendAsync(HttpRequestMessage request, TokenRequest? tokenRequest, CancellationToken cancellationToken)
    {
        AccessToken token = await GetTokenAsync(tokenRequest, cancellationToken).ConfigureAwait(false);
        if (_options.BufferRequestContent && !ReplayableContent.IsReplayable(request.Content) && ReplayableContent.FitsBuffer(request.Content!))
        {
            await ReplayableContent.BufferAsync(request.Content!, cancellationToken).ConfigureAwait(false);
        }

        return await SendWithAsync(token, request, cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<AccessToken> GetTokenAsync(TokenRequest? tokenRequest, CancellationToken cancellationToken)
    {
        if (tokenRequest is null && _tokens is TokenProvider provider)
        {
            _source = provider.GetSource(ClientName, null);
        }

        return _tokens.GetTokenAsync(ClientName, tokenRequest, cancellationToken);
    }

    private Task<HttpResponseMessage> SendWithAsync(AccessToken token, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Sent sent = new(request);
        int version = Sent.VersionOf(request);
        _attached.Attach(token, request);
        Task<HttpResponseMessage> pending = ForwardAsync(token, request, cancellationToken);
        return pending.IsCompletedSuccessfully && !Verdict.IsUnauthorized(pending) && ReferenceEquals(request.RequestUri, sent.Uri)
            ? pending
            : ObserveAsync(pending, request, sent, version, cancellationToken);
    }

    // a bound token goes out on a connection that shows the certificate it was got with, also while another certificate comes in.
    private Task<HttpResponseMessage> ForwardAsync(AccessToken token, HttpRequestMessage request, CancellationToken cancellationToken) =>
        token.BoundTo is { } certificate ? _transportWith(certificate).SendAsync(request, cancellationToken) : base.SendAsync(request, cancellationToken);

    // every pending response carries what is handed over here, 160 bytes with the state machine. The rest is read back from the request.
    private async Task<HttpResponseMessage> ObserveAsync(Task<HttpResponseMessage> pending, HttpRequestMessage request, Sent sent, int version, CancellationToken cancellationToken)
    {
        HttpResponseMessage response;
        try
        {
            response = await pending.ConfigureAwait(false);
        }
        finally
        {
            RequestChoice.MarkIfRedirected(request, sent.Uri);
        }

        // The platform drops the header when it follows a redirect: what was sent without the token does not reject it.
        return Verdict.IsForToken(response, _options) && !Sent.HasLeft(request, sent.Uri) && request.Headers.Authorization is AccessTokenHeader header
            ? await RenewAndReplayAsync(response, request, header.Token, sent, version, cancellationToken).ConfigureAwait(false)
            : response;
    }

    private async Task<HttpResponseMessage> RenewAndReplayAsync(HttpResponseMessage first, HttpRequestMessage request, AccessToken rejected, Sent sent, int version, CancellationToken cancellationToken)
    {
        TokenRequest? tokenRequest = RequestChoice.Get(request) as TokenRequest;
        if (!TryReject(rejected, tokenRequest) || !sent.MayBeReplayed(request, version, _options) || await GetReplacementAsync(first, rejected, tokenRequest, cancellationToken).ConfigureAwait(false) is not { } token)
        {
            return first;
        }

        _attached.Attach(token, request);
        try
        {
            Task<HttpResponseMessage> replay = SendAgainAsync(token, request, cancellationToken);
            if (replay.IsFaulted)
            {
                // it could not even start.
                replay.ObserveFault();
                return first;
            }

            // an undisposed response keeps its connection. SocketsHttpHandler drains what is left of it, within bounds.
            first.Dispose();
            return await replay.ConfigureAwait(false);
        }
        finally
        {
            RequestChoice.MarkIfRedirected(request, sent.Uri);
        }
    }

    // What an inner handler throws at once is a faulted task like any other.
    private async Task<HttpResponseMessage> SendAgainAsync(AccessToken token, HttpRequestMessage request, CancellationToken cancellationToken) =>
        await ForwardAsync(token, request, cancellationToken).ConfigureAwait(false);

    // Without a new token the API's own answer is the best one; why there is none stands in the log.
    private async ValueTask<AccessToken?> GetReplacementAsync(HttpResponseMessage first, AccessToken rejected, TokenRequest? tokenRequest, CancellationToken cancellationToken)
    {
        try
        {
            AccessToken token = await GetTokenAsync(tokenRequest, cancellationToken).ConfigureAwait(false);
            return token.Value == rejected.Value ? null : token;
        }
        catch (Exception exception) when (exception is TokenRequestException || IsEnded(exception))
        {
            return null;
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    private bool TryReject(AccessToken token, TokenRequest? tokenRequest)
    {
        try
        {
            _tokens.Invalidate(token, ClientName, tokenRequest);
            return true;
        }
        catch (Exception exception) when (IsEnded(exception))
        {
            return false;
        }
    }

    // the provider, or the client, ended while the API answered; its answer is the caller's all the same.
    private static bool IsEnded(Exception exception) => exception is ObjectDisposedException or OptionsValidationException;
}
