using System.Globalization;
using Microsoft.Coyote.Specifications;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Schedules;

/// <summary>
/// A provider and a simple server, both under Coyote's scheduler. In every scenario a source has at most one request in flight that is not
/// cancelled.
/// </summary>
internal sealed class ScheduleHost
{
    private readonly MutableOptions _options = new();
    private readonly List<(string Source, CancellationToken Cancellation)> _running = [];
    private readonly object _gate = new();
    private int _requests;
    private int _failures;

    /// <param name="maxSources">How many sources the provider keeps.</param>
    /// <param name="server">A token endpoint for the real token client. Without one the provider uses the server of this class.</param>
    public ScheduleHost(int maxSources = 100, HttpMessageHandler? server = null)
    {
        Registry = new(_options, null, new ConfiguredClients([new("", null)], null), Clock, NullLogger.Instance);
        Telemetry telemetry = new(meterFactory: null);
        FetchToken fetch = RequestAsync;
        if (server is not null)
        {
            HttpClient http = new(server);
            fetch = new TokenClient(Registry, _ => http, Clock, NullLogger.Instance, telemetry).RequestAsync;
        }

        Tokens = new(Registry, fetch, (_, _, _) => Task.CompletedTask, Clock, NullLogger.Instance, telemetry, maxSources: maxSources);
    }

    public ManualClock Clock { get; } = new();

    public ClientSettingsProvider Registry { get; }

    public TokenProvider Tokens { get; }

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many requests of one source may be in flight: after Forget the last request may overlap the next one.</summary>
    public int Generations { get; init; } = 1;

    /// <summary>Whether the server responds with a transient error.</summary>
    public bool IsDown { get; set; }

    /// <summary>Whether the server, or a handler before it, ignores cancellation.</summary>
    public bool IgnoresCancellation { get; set; }

    /// <summary>The server responds when this task has completed.</summary>
    public Task Response { get; set; } = Task.CompletedTask;

    /// <summary>Makes the next requests fail. A token request with retries then makes one more attempt.</summary>
    public void Fail(int requests) => Volatile.Write(ref _failures, requests);

    /// <summary>Waits until no request is in flight.</summary>
    public async Task SettleAsync()
    {
        while (Tokens.GetSource("", null).GetStatus().State is ClientState.Requesting or ClientState.Renewing)
        {
            await Task.Yield();
        }
    }

    /// <summary>The token, or null if the call failed with a documented exception.</summary>
    public Task<AccessToken?> TryGetAsync(TokenRequest? request = null, CancellationToken cancellationToken = default) =>
        TryAsync(() => Tokens.GetTokenAsync("", request, cancellationToken).AsTask());

    /// <summary>As <see cref="TryGetAsync"/>, for a caller whose token the API rejected.</summary>
    public Task<AccessToken?> TryRenewAsync(AccessToken rejected) => TryAsync(() => Tokens.RenewTokenAsync(rejected).AsTask());

    public void Change(Action<ClientCredentialsOptions> change) => _options.Change(change);

    /// <summary>The number, scope and secret of the request for a token.</summary>
    public static (int Number, string Scope, string Secret) Describe(AccessToken token)
    {
        string[] parts = token.Value.Split('/');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2]);
    }

    private static async Task<AccessToken?> TryAsync(Func<Task<AccessToken>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or TokenRequestException)
        {
            return null;
        }
    }

    private async Task<AccessToken> RequestAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            AccessToken? token = await SendAsync(wanted, cancellationToken);
            if (token is not null)
            {
                return token;
            }

            if (!wanted.Retries.TryRetry() || IsDown)
            {
                throw new TokenRequestException("down") { IsTransient = true };
            }
        }
    }

    private async Task<AccessToken?> SendAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = wanted.Settings.Options;
        string scope = string.Join('+', wanted.Request.Scopes ?? []);
        string source = $"{options.ClientId} {scope}";
        DateTimeOffset at = Clock.GetUtcNow();
        long timestamp = Clock.GetTimestamp();
        int number;
        lock (_gate)
        {
            number = ++_requests;
            int others = _running.Count(other => other.Source == source && !other.Cancellation.IsCancellationRequested);
            Specification.Assert(others < Generations, $"Too many requests at once for {source}.");
            _running.Add((source, cancellationToken));
        }

        await Task.Yield();
        await Response;
        lock (_gate)
        {
            _running.Remove((source, cancellationToken));
        }

        if (!IgnoresCancellation)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (IsDown || Interlocked.Decrement(ref _failures) >= 0)
        {
            return null;
        }

        return new AccessToken($"{number}/{scope}/{options.ClientSecret}", at.AddHours(1))
        {
            RequestedAt = at,
            RequestedTimestamp = timestamp,
            Scopes = wanted.Request.Scopes ?? [],
        };
    }
}
