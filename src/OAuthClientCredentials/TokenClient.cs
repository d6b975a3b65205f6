using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Wire;
using Polly;
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

    internal TokenClient(ClientRegistry registry, Func<HttpClient> httpClient, TimeProvider timeProvider, ILogger logger)
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
        Counter attempts = new();
        CancellationTokenSource flight = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<AccessToken> work = RunAsync(currentSettings, resolved, behindUntil, attempts, flight.Token);
        try
        {
            // the limit holds even if a handler or hook of the user's ignores cancellation.
            return await work.WaitAsync(limit, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException exception)
        {
            throw exception.After(attempts.Value);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or TimeoutRejectedException or OperationCanceledException)
        {
            throw TimedOut(settings.Name, exception is TimeoutException ? limit : settings.Options.AttemptTimeout).After(attempts.Value);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw settings.Name.Broken(exception).After(attempts.Value);
        }
        finally
        {
            await flight.CancelAsync().ConfigureAwait(false);
            DisposeAfter(work, flight);
        }
    }

    // a source that is disposed while work still holds its token would cut the work loose. A late fault is seen here.
    private static void DisposeAfter(Task work, CancellationTokenSource flight) =>
        _ = work.ContinueWith(
            static (task, state) =>
            {
                _ = task.Exception;
                ((CancellationTokenSource)state!).Dispose();
            },
            flight,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private async Task<AccessToken> RunAsync(Func<ClientSettings> currentSettings, TokenRequest resolved, long behindUntil, Counter attempts, CancellationToken cancellationToken)
    {
        ClientSettings settings = currentSettings();
        SemaphoreSlim slots = _slots.Of(settings.Options);
        await slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        ResilienceContext context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(TokenPipeline.BehindUntil, behindUntil);
        context.Properties.Set(TokenPipeline.Deadline, _timeProvider.GetTimestamp() + (long)(settings.Options.Timeout.TotalSeconds * _timeProvider.TimestampFrequency));
        try
        {
            return await settings.Pipeline.ExecuteAsync(
                static (context, state) => state.Self.AttemptAsync(state.currentSettings, state.resolved, state.attempts, context.CancellationToken),
                context,
                (Self: this, currentSettings, resolved, attempts)).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
            slots.Release();
        }
    }

    private async ValueTask<AccessToken> AttemptAsync(Func<ClientSettings> currentSettings, TokenRequest resolved, Counter attempts, CancellationToken cancellationToken)
    {
        ClientSettings settings = currentSettings();
        TokenRequestAttempt attempt = await WriteAsync(settings, resolved, cancellationToken).ConfigureAwait(false);
        try
        {
            return await SendAsync(attempt, settings, resolved, attempts, cancellationToken).ConfigureAwait(false);
        }
        catch (TokenRequestException exception) when (TokenErrors.IsRejectedCredential(exception))
        {
            settings = currentSettings();
            TokenRequestAttempt next = await WriteAsync(settings, resolved, cancellationToken).ConfigureAwait(false);
            if (next.Secret == attempt.Secret)
            {
                throw;
            }

            return await SendAsync(next, settings, resolved, attempts, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<TokenRequestAttempt> WriteAsync(ClientSettings settings, TokenRequest resolved, CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = settings.Options;
        Uri endpoint = string.IsNullOrEmpty(options.TokenEndpoint)
            ? (await _metadata.GetAsync(settings, cancellationToken).ConfigureAwait(false)).TokenEndpoint
            : new Uri(options.TokenEndpoint);
        TokenRequestAttempt attempt = new(settings.Name.Value, options.ClientId!, endpoint, options.Authority);
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

    //
    private static void AddIfAny(TokenRequestAttempt attempt, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            attempt.AddParameter(name, value);
        }
    }

    private async ValueTask<AccessToken> SendAsync(TokenRequestAttempt attempt, ClientSettings settings, TokenRequest resolved, Counter attempts, CancellationToken cancellationToken)
    {
        // the lifetime counts from before the request, however long the answer takes.
        DateTimeOffset requestedAt = _timeProvider.GetUtcNow();
        long requestedTimestamp = _timeProvider.GetTimestamp();
        using HttpRequestMessage message = TokenRequestMessage.Create(attempt);
        attempts.Value++;
        EndpointResponse response = await _endpoint.SendAsync(message, attempt, settings.Name, settings.Options.MaxResponseBytes, cancellationToken).ConfigureAwait(false);
        TokenResponse body = Check(response, attempt, settings);
        IReadOnlyList<string> scopes = GrantedScopes(body, attempt, resolved, settings);
        TimeSpan lifetime = body.ExpiresIn ?? settings.Options.DefaultLifetime;
        return new AccessToken(body, scopes, lifetime < settings.Options.MaxLifetime ? lifetime : settings.Options.MaxLifetime, requestedAt, requestedTimestamp);
    }

    private static TokenResponse Check(EndpointResponse response, TokenRequestAttempt attempt, ClientSettings settings)
    {
        try
        {
            TokenResponse body = TokenResponse.Parse(response.Body);
            if (!response.IsSuccess || body.Error is not null)
            {
                throw settings.Errors.FromResponse(response, body, attempt);
            }

            return body.CheckSuccess(settings.Options.RequireBearerSyntax) is { } problem ? throw settings.Errors.Unusable(problem, response, attempt) : body;
        }
        catch (FormatException exception)
        {
            throw response.IsSuccess ? settings.Errors.Unusable(exception.Message, response, attempt) : settings.Errors.FromResponse(response, null, attempt);
        }
    }

    //
    private IReadOnlyList<string> GrantedScopes(TokenResponse body, TokenRequestAttempt attempt, TokenRequest resolved, ClientSettings settings)
    {
        IReadOnlyList<string> asked = resolved.Scopes ?? [];
        if (string.IsNullOrEmpty(body.Scope))
        {
            return asked;
        }

        string[] granted = body.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string missing = string.Join(' ', asked.Except(granted, StringComparer.Ordinal));
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

    private static TokenRequestException TimedOut(ClientName client, TimeSpan limit) =>
        new($"{client} got no token within {limit.TotalSeconds:0.###} seconds: the authorization server did not answer. Check that it can be reached from here, or raise Timeout and AttemptTimeout.")
        {
            ClientName = client.Value,
            IsTransient = true,
        };

    private sealed class Counter
    {
        public int Value { get; set; }
    }
}
