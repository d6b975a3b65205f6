using System.Globalization;
using Microsoft.Coyote.Specifications;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Caching;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.TokenEndpoint;

namespace OAuthClientCredentials.Schedules;

/// <summary>
/// A provider over a server of a few lines, both under Coyote's scheduler. In every scenario no source has two requests under way that
/// have not been cancelled.
/// </summary>
internal sealed class World
{
    private readonly MutableOptions _options = new();
    private readonly List<(string Source, CancellationToken Cancellation)> _running = [];
    private readonly object _gate = new();
    private int _requests;
    private int _failures;

    /// <param name="maxSources">How many sources the provider keeps.</param>
    /// <param name="server">A token endpoint behind the real token client. Without one the provider has a server of this class.</param>
    public World(int maxSources = 100, HttpMessageHandler? server = null)
    {
        Registry = new(_options, null, new ConfiguredClients([new("", null)], null), Clock, NullLogger.Instance);
        FetchToken fetch = RequestAsync;
        if (server is not null)
        {
            HttpClient http = new(server);
            fetch = new TokenClient(Registry, _ => http, Clock, NullLogger.Instance).RequestAsync;
        }

        Tokens = new(Registry, fetch, Clock, NullLogger.Instance, maxSources: maxSources);
    }

    public Clock Clock { get; } = new();

    public ClientSettingsProvider Registry { get; }

    public TokenProvider Tokens { get; }

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many generations live at once: the last request of the one may overlap the first of the next.</summary>
    public int Generations { get; init; } = 1;

    /// <summary>Whether the server responds with a transient error.</summary>
    public bool IsDown { get; set; }

    /// <summary>A server, or a handler before it, that does not listen to cancellation.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>The server responds when this has ended.</summary>
    public Task Response { get; set; } = Task.CompletedTask;

    /// <summary>Makes the next requests fail. A flight with retries then makes one more attempt.</summary>
    public void Fail(int requests) => Volatile.Write(ref _failures, requests);

    /// <summary>Ends when no request is under way and its result has landed.</summary>
    public async Task SettleAsync()
    {
        while (Tokens.GetSource("", null).GetStatus().State is ClientState.Requesting or ClientState.Renewing)
        {
            await Task.Yield();
        }
    }

    /// <summary>The token, or null if the call ended in one of the ways that the library promises.</summary>
    public Task<AccessToken?> TryGetAsync(TokenRequest? request = null, CancellationToken cancellationToken = default) =>
        TryAsync(() => Tokens.GetTokenAsync("", request, cancellationToken).AsTask());

    /// <summary>As <see cref="TryGetAsync"/>, for a caller whose token the API rejected.</summary>
    public Task<AccessToken?> TryRenewAsync(AccessToken rejected) => TryAsync(() => Tokens.RenewTokenAsync(rejected).AsTask());

    public void Change(Action<ClientCredentialsOptions> change) => _options.Change(change);

    /// <summary>What a token was requested with: number, scope and secret.</summary>
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

        if (!IsDeaf)
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
