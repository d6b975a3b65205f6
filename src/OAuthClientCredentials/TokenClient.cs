using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Wire;
using Polly.Timeout;

namespace OAuthClientCredentials;

/// <summary>Requests tokens from token endpoints (RFC 6749 section 4.4): request, send, response. It caches nothing. Thread-safe.</summary>
public sealed class TokenClient
{
    /// <summary>The name of the HttpClient that talks to authorization servers.</summary>
    public const string HttpClientName = "OAuthClientCredentials";

    private readonly ClientRegistry _registry;
    private readonly EndpointClient _endpoint;
    private readonly MetadataClient _metadata;
    private readonly EndpointSlots _slots = new();
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;

    internal TokenClient(ClientRegistry registry, Func<TlsCertificate?, HttpClient> httpClient, TimeProvider timeProvider, ILogger logger)
    {
        _registry = registry;
        _endpoint = new(httpClient, timeProvider);
        _metadata = new(_endpoint, timeProvider, logger);
        _timeProvider = timeProvider;
        _logger = logger;
    }

    /// <summary>Requests one new token, past every cache.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="request">What to ask for differently from the client's options.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>The token.</returns>
    /// <exception cref="TokenRequestException">No token could be had.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">The client's options are not valid, or there is no such client.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public Task<AccessToken> RequestTokenAsync(string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ClientSettings settings = _registry.Get(clientName);
        return RequestTokenAsync(() => _registry.Get(clientName), settings.Resolve(request ?? TokenRequest.Default), behindUntil: long.MinValue, cancellationToken);
    }

    /// <summary>Requests one token. The settings are asked for anew when the server rejects the credential .</summary>
    internal async Task<AccessToken> RequestTokenAsync(Func<ClientSettings> currentSettings, TokenRequest resolved, long behindUntil, CancellationToken cancellationToken)
    {
        ClientSettings settings = currentSettings();
        TimeSpan limit = settings.Options.Timeout;
        Attempts attempts = new(settings.Name, settings.Options, _timeProvider, behindUntil, (self, attemptToken) => AttemptAsync(currentSettings, resolved, self, attemptToken));
        CancellationTokenSource flight = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<AccessToken> work = Task.Run(() => attempts.RunAsync(() => settings.Pipeline, flight.Token).AsTask(), CancellationToken.None);
        try
        {
            // the limit holds even if a handler or hook of the user's ignores cancellation or blocks its thread.
            return await work.WaitAsync(limit, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException exception)
        {
            throw exception.After(attempts.Sent);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or TimeoutRejectedException or OperationCanceledException)
        {
            throw attempts.TimedOut(exception is TimeoutException ? limit : settings.Options.AttemptTimeout).After(attempts.Sent);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw settings.Name.Broken(exception).After(attempts.Sent);
        }
        finally
        {
            End(work, flight);
        }
    }

    // a source that is disposed while work still holds its token would cut the work loose. R-105: a late fault, of a callback too, is seen here.
    private static void End(Task work, CancellationTokenSource flight)
    {
        Task ended = work.IsCompleted ? work : Task.WhenAll(work, flight.CancelAsync());
        _ = ended.ContinueWith(
            static (task, state) =>
            {
                _ = task.Exception;
                ((CancellationTokenSource)state!).Dispose();
            },
            flight,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async ValueTask<AccessToken> AttemptAsync(Func<ClientSettings> currentSettings, TokenRequest resolved, Attempts attempts, CancellationToken cancellationToken)
    {
        ClientSettings settings = currentSettings();
        TokenRequestAttempt attempt = await WriteAsync(settings, resolved, cancellationToken).ConfigureAwait(false);
        try
        {
            return await SendAsync(attempt, currentSettings, settings, resolved, attempts, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException exception) when (exception.IsRejectedCredential)
        {
            settings = currentSettings();
            TokenRequestAttempt next = await WriteAsync(settings, resolved, cancellationToken).ConfigureAwait(false);
            if (next.HasSameCredential(attempt))
            {
                throw;
            }

            return await SendAsync(next, currentSettings, settings, resolved, attempts, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<TokenRequestAttempt> WriteAsync(ClientSettings settings, TokenRequest resolved, CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = settings.Options;
        ServerMetadata? metadata = string.IsNullOrEmpty(options.TokenEndpoint) ? await _metadata.GetAsync(settings, cancellationToken).ConfigureAwait(false) : null;
        TlsCertificate? certificate = await CertificateAsync(settings, cancellationToken).ConfigureAwait(false);
        TokenRequestAttempt attempt = new(settings.Name, options, EndpointOf(metadata, settings), _timeProvider.GetUtcNow(), settings.Secret.ReadAsync)
        {
            SigningAlgorithms = metadata?.SigningAlgorithms,
            Certificate = certificate?.Certificate,
            Tls = settings.UsesMutualTls ? certificate : null,
        };
        attempt.AddParameter("grant_type", "client_credentials");
        AddIfAny(attempt, "scope", string.Join(' ', resolved.Scopes ?? []));
        foreach (string resource in resolved.Resources ?? [])
        {
            attempt.AddParameter("resource", resource);
        }

        AddIfAny(attempt, "audience", resolved.Audience);
        AddIfAny(attempt, "authorization_details", resolved.AuthorizationDetails);
        foreach ((string name, string value) in resolved.ParameterList)
        {
            attempt.AddParameter(name, value);
        }

        await settings.Authentication.WriteAsync(attempt, cancellationToken).ConfigureAwait(false);
        return attempt;
    }

    private async ValueTask<TlsCertificate?> CertificateAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Certificate is not { } source)
        {
            return null;
        }

        DateTimeOffset now = _timeProvider.GetUtcNow();
        TlsCertificate certificate = await source.GetAsync(now, cancellationToken).ConfigureAwait(false);
        if (source.IsNewsThatItExpires(certificate, now))
        {
            _logger.CertificateExpires(settings.Name, certificate.Thumbprint, certificate.Certificate.NotAfter.ToUniversalTime());
        }

        return certificate;
    }

    // an alias counts whatever the method; an endpoint that was configured is the operator's own word.
    private static Uri EndpointOf(ServerMetadata? metadata, ClientSettings settings) =>
        metadata is null ? new Uri(settings.Options.TokenEndpoint!)
        : !settings.UsesMutualTls ? metadata.TokenEndpoint
        : metadata.MtlsTokenEndpoint ?? MainEndpointInstead(metadata, settings);

    private static Uri MainEndpointInstead(ServerMetadata metadata, ClientSettings settings) =>
        metadata.MtlsProblem is { } problem
            ? throw settings.Name.Failed(metadata.TokenEndpoint, $"the metadata document cannot be used: {problem}", $"See {settings.Name.Option(nameof(ClientCredentialsOptions.Authority))}.")
        : settings.Options.CertificateBoundTokens
            ? throw settings.Name.Failed(metadata.TokenEndpoint, "the server's metadata names no endpoint for mutual TLS (mtls_endpoint_aliases), and CertificateBoundTokens demands one", $"If this one does mutual TLS, set {settings.Name.Option(nameof(ClientCredentialsOptions.TokenEndpoint))} to it.")
        : metadata.TokenEndpoint;

    //
    private static void AddIfAny(TokenRequestAttempt attempt, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            attempt.AddParameter(name, value);
        }
    }

    private async ValueTask<AccessToken> SendAsync(TokenRequestAttempt attempt, Func<ClientSettings> currentSettings, ClientSettings settings, TokenRequest resolved, Attempts attempts, CancellationToken cancellationToken)
    {
        using EndpointSlots.Slot slot = await _slots.TakeAsync(attempt.TokenEndpoint, settings.Options.MaxConcurrentRequests, attempts, cancellationToken).ConfigureAwait(false);
        using CancellationTokenRegistration givesUp = cancellationToken.UnsafeRegister(static slot => ((EndpointSlots.Slot)slot!).Dispose(), slot);

        // throws if the credential was rejected while this waited.
        currentSettings();

        // the lifetime counts from before the request, however long the answer takes.
        DateTimeOffset requestedAt = _timeProvider.GetUtcNow();
        long requestedTimestamp = _timeProvider.GetTimestamp();
        using HttpRequestMessage message = TokenRequestMessage.Create(attempt);
        attempts.Sent++;
        EndpointResponse response = await _endpoint.SendAsync(message, attempt, settings.Name, settings.Options.MaxResponseBytes, cancellationToken).ConfigureAwait(false);
        TokenResponse body = settings.Errors.Read(response, attempt);
        IReadOnlyList<string> scopes = GrantedScopes(body, attempt, resolved, settings);
        TimeSpan lifetime = body.ExpiresIn ?? settings.Options.DefaultLifetime;
        return new AccessToken(body, scopes, lifetime < settings.Options.MaxLifetime ? lifetime : settings.Options.MaxLifetime, requestedAt, requestedTimestamp, settings.Options.CertificateBoundTokens ? attempt.Tls : null);
    }

    //
    private IReadOnlyList<string> GrantedScopes(TokenResponse body, TokenRequestAttempt attempt, TokenRequest resolved, ClientSettings settings)
    {
        (IReadOnlyList<string> granted, string missing) = body.CompareScopes(resolved.Scopes ?? []);
        if (missing.Length == 0)
        {
            return granted;
        }

        if (settings.Options.RequireAllScopes)
        {
            throw settings.Name.Failed(attempt.TokenEndpoint, $"the token lacks scopes that were asked for: {missing}", "Grant them to the client at the server, remove them from Scopes, or turn RequireAllScopes off.");
        }

        if (settings.IsFirstNarrowerScope())
        {
            _logger.NarrowerScope(settings.Name, missing);
        }

        return granted;
    }
}
