using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;
using Polly;

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
    private readonly EndpointLimiter _limiter = new();
    private readonly TimeProvider _timeProvider;
    private readonly TokenEvents _events;
    private readonly TokenResponseLog _responseLog;

    internal TokenClient(
        ClientSettingsProvider settings,
        Func<TlsCertificate?, HttpClient> httpClient,
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
        CancellationTokenSource stop = new();
        using CancellationTokenRegistration caller = cancellationToken
            .UnsafeRegister(static stop => ((CancellationTokenSource)stop!).Cancel(), stop);
        try
        {
            return await TokenRequestGuard.RunAsync(wanted, RequestAsync, _timeProvider, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>Runs every attempt, including the first one, inside the retry pipeline.</summary>
    internal async Task<AccessToken> RequestAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        wanted.Span ??= _events.StartRequest(settings.Context, wanted.Reason, wanted.StartedBy);
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(RetryPipeline.Allowance, wanted.Retries);
        context.Properties.Set(RetryPipeline.Deadline, wanted.Deadline);
        try
        {
            return await settings.Pipeline
                .ExecuteAsync(
                    static (context, state) => state.Client.AttemptAsync(state.Wanted, context.CancellationToken),
                    context,
                    (Client: this, Wanted: wanted))
                .ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<AccessToken> AttemptAsync(WantedToken wanted, CancellationToken cancellationToken)
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

            AccessToken token = await ExchangeInTimeAsync(wanted, request, cancellationToken).ConfigureAwait(false);
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

    private async ValueTask<AccessToken> ExchangeInTimeAsync(
        WantedToken wanted,
        AuthorizationServerRequest request,
        CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = wanted.Settings.Options;
        if (options.Pipeline is not null)
        {
            // A custom pipeline has its own timeouts.
            return await ExchangeAsync(wanted, request, cancellationToken).ConfigureAwait(false);
        }

        using CancellationTokenSource limit = new(options.AttemptTimeout, _timeProvider);
        using CancellationTokenRegistration linkToCaller = cancellationToken
            .UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        try
        {
            return await ExchangeAsync(wanted, request, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw TokenRequestErrors.TimedOut(wanted.Settings.Context, options.AttemptTimeout);
        }
    }

    /// <summary>Signs and sends the request, and reads the response.</summary>
    private async ValueTask<AccessToken> ExchangeAsync(
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
        _ = WireAddress.Follow(message, settings.Options.AllowInsecureHttp);
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
            EndpointResponse response = await _endpoint
                .SendAsync(
                    message,
                    request.Tls,
                    () => TokenRequestMessage.Secrets(request),
                    settings.Context,
                    settings.Options.MaxResponseBytes,
                    cancellationToken)
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
