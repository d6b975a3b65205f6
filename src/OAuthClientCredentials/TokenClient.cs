using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>
/// Requests tokens from token endpoints (RFC 6749 section 4.4), without a cache. Each attempt reads the metadata and the credential, waits
/// for a permit at the endpoint, signs and sends the request, and reads the response. Thread-safe.
/// </summary>
public sealed class TokenClient
{
    /// <summary>The name of the HttpClient for requests to authorization servers.</summary>
    public const string HttpClientName = "OAuthClientCredentials";

    private readonly ClientSettingsProvider _settings;
    private readonly EndpointClient _endpoint;
    private readonly MetadataClient _metadata;
    private readonly TokenRequestBuilder _builder;
    private readonly RevocationClient _revocation;
    private readonly EndpointLimiter _limiter = new();
    private readonly TimeProvider _timeProvider;
    private readonly TokenEvents _events;
    private readonly TokenResponseLog _responseLog;

    internal TokenClient(
        ClientSettingsProvider settings,
        Func<TlsSettings?, HttpClient> httpClient,
        TimeProvider timeProvider,
        ILogger logger,
        Telemetry telemetry)
    {
        _settings = settings;
        _endpoint = new(httpClient, timeProvider);
        _metadata = new(_endpoint, timeProvider, logger);
        _timeProvider = timeProvider;
        _events = new(logger, telemetry);
        _responseLog = new(_events);
        _builder = new(_metadata, timeProvider, _events);
        _revocation = new(_endpoint, _builder, timeProvider);
    }

    /// <summary>Requests one new token without using the cache. The cool-down of a rejected credential applies here too.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">What to request instead of the client's options. Defaults to the options.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>The new token.</returns>
    /// <exception cref="TokenRequestException">No token was obtained.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The client's options are not valid, or there is no such
    /// client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<AccessToken> RequestTokenAsync(
        string clientName = "",
        TokenRequest? request = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        cancellationToken.ThrowIfCancellationRequested();
        ClientSettings settings = _settings.Get(clientName);
        WantedToken wanted = new(settings, settings.Resolve(request ?? TokenRequest.Default), isAwaited: true);
        return await TokenRequestGuard.RunForCallerAsync(wanted, RequestAsync, _timeProvider, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Starts the span of the request, and runs its attempts.</summary>
    internal Task<AccessToken> RequestAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        wanted.Span ??= _events.StartRequest(wanted.Settings.Context, wanted.Reason, wanted.StartedBy);
        return Attempts.RunAsync(wanted, AttemptAsync, cancellationToken);
    }

    internal Task RevokeAsync(ClientSettings settings, AccessToken token, CancellationToken cancellationToken) =>
        _revocation.RevokeAsync(settings, token, cancellationToken);

    private async Task<AccessToken> AttemptAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        wanted.Settings.Cooldown.ThrowIfOpen(wanted.Settings.HasCredentialFile);
        AuthorizationServerRequest request = await _builder.PrepareAsync(wanted, cancellationToken).ConfigureAwait(false);
        try
        {
            return await SendAsync(wanted, request, hasNewCredential: false, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException exception) when (!exception.IsFromCooldown && exception.MayNeedNewCredential)
        {
            // One more request is sent if the credential was replaced meanwhile, or if the server demands a new proof.
            AuthorizationServerRequest next = await _builder.PrepareAsync(wanted, cancellationToken).ConfigureAwait(false);
            bool hasNewCredential = !next.HasSameCredential(request);
            if (!exception.WantsNewProof && !hasNewCredential)
            {
                throw;
            }

            return await SendAsync(wanted, next, hasNewCredential, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<AccessToken> SendAsync(
        WantedToken wanted,
        AuthorizationServerRequest request,
        bool hasNewCredential,
        CancellationToken cancellationToken)
    {
        CredentialCooldown cooldown = wanted.Settings.Cooldown;
        bool isFromFile = wanted.Settings.HasCredentialFile;
        // A new credential is not subject to the cool-down of the rejected one.
        object? trial = hasNewCredential ? null : cooldown.Enter(request, isFromFile);

        // Cancellation ends the trial and returns the permit, even if a user handler ignores cancellation.
        using CancellationTokenRegistration leaveOnCancel = cancellationToken.UnsafeRegister(_ => cooldown.Leave(trial), null);
        try
        {
            wanted.WaitsForPermit = true;
            using EndpointLimiter.Permit permit = await _limiter
                .WaitAsync(request.Endpoint, wanted.Settings.Options.MaxConcurrentRequests, cancellationToken)
                .ConfigureAwait(false);
            using CancellationTokenRegistration returnOnCancel = cancellationToken
                .UnsafeRegister(static permit => ((EndpointLimiter.Permit)permit!).Dispose(), permit);
            wanted.WaitsForPermit = false;
            if (trial is null && !hasNewCredential)
            {
                // The credential may have been rejected while this request waited for its permit.
                trial = cooldown.Enter(request, isFromFile);
            }

            AccessToken token = await Attempts
                .LimitAsync(wanted, limit => ExchangeAsync(wanted, request, limit), _timeProvider, cancellationToken)
                .ConfigureAwait(false);
            cooldown.Accept();
            return token;
        }
        catch (TokenRequestException exception) when (exception.IsInvalidClient && !exception.IsFromCooldown)
        {
            cooldown.Reject(exception, request, trial);
            throw;
        }
        finally
        {
            cooldown.Leave(trial);
        }
    }

    /// <summary>Signs and sends the request, and reads the response.</summary>
    private async Task<AccessToken> ExchangeAsync(
        WantedToken wanted,
        AuthorizationServerRequest request,
        CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        TokenBinding? binding = settings.BindingOf(request.Tls);
        await settings.Authentication.WriteAsync(request, cancellationToken).ConfigureAwait(false);
        if (binding is not null)
        {
            await binding.WriteTokenRequestAsync(request, cancellationToken).ConfigureAwait(false);
        }

        using HttpRequestMessage message = TokenRequestMessage.Create(request);
        _ = WireAddress.Follow(message, Fapi2Profile.PlainHttpOf(settings.Options));
        RequestTime sentAt = new(_timeProvider.GetUtcNow(), _timeProvider.GetTimestamp());
        wanted.Sent++;
        EndpointResponse response = await PostAsync(message, request, settings, cancellationToken).ConfigureAwait(false);
        _responseLog.Report(response, request, settings);
        AccessToken token;
        try
        {
            token = TokenResponseReader.Read(response, request, wanted, binding, sentAt);
        }
        catch (TokenRequestException exception)
        {
            if (binding?.ReadTokenResponse(request, response.Message, exception.Error) == true)
            {
                exception.WantNewProof();
            }

            throw;
        }

        binding?.ReadTokenResponse(request, response.Message, null);
        ReportNarrowerScope(wanted, token);
        ReportReducedLifetime(wanted);
        return token;
    }

    // If the endpoint is gone it may have moved, so the metadata is read again.
    private async ValueTask<EndpointResponse> PostAsync(
        HttpRequestMessage message,
        AuthorizationServerRequest request,
        ClientSettings settings,
        CancellationToken cancellationToken)
    {
        bool mayHaveMoved = true;
        try
        {
            EndpointResponse response = await TokenRequestMessage.SendAsync(_endpoint, message, request, settings, cancellationToken)
                .ConfigureAwait(false);
            mayHaveMoved = response.Status is HttpStatusCode.NotFound or HttpStatusCode.Gone;
            return response;
        }
        finally
        {
            if (mayHaveMoved)
            {
                _metadata.MarkStale(settings);
            }
        }
    }

    private void ReportNarrowerScope(WantedToken wanted, AccessToken token)
    {
        string missing = TokenResponseReader.MissingScopes(wanted.Request.Scopes ?? [], token.Scopes);
        if (missing.Length > 0 && wanted.Settings.TryMarkLogged(LoggedOnce.NarrowerScope))
        {
            _events.NarrowerScope(wanted.Settings.Context, missing);
        }
    }

    private void ReportReducedLifetime(WantedToken wanted)
    {
        TimeSpan maxLifetime = wanted.Settings.Options.MaxLifetime;
        if (wanted.IssuedLifetime is { } issued && issued > maxLifetime && wanted.Settings.TryMarkLogged(LoggedOnce.ReducedLifetime))
        {
            _events.LifetimeReduced(wanted.Settings.Context, issued, maxLifetime);
        }
    }
}
