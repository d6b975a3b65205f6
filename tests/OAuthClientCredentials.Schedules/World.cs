using System.Text;
using Microsoft.Coyote.Specifications;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Schedules;

/// <summary>A provider over a server of a few lines, both under Coyote's scheduler. Whatever happens, no source has two requests under way that have not been called off .</summary>
internal sealed class World
{
    private readonly MutableOptions _options = new();
    private readonly List<(string Source, CancellationToken Cancellation)> _running = [];
    private readonly object _gate = new();
    private int _requests;

    public World(int maxSources = 100)
    {
        Registry = new(_options, null, new ClientDirectory([new("", null)], null), Clock, NullLogger.Instance);
        Tokens = new(Registry, RequestAsync, Clock, NullLogger.Instance, maxSources: maxSources);
    }

    public Clock Clock { get; } = new();

    public ClientRegistry Registry { get; }

    public TokenProvider Tokens { get; }

    public int Requests => Volatile.Read(ref _requests);

    /// <summary>How many generations the scenario lets live at once: the last request of the one may overlap the first of the next.</summary>
    public int Generations { get; init; } = 1;

    /// <summary>Ends when no request is under way and what came of the last has landed.</summary>
    public async Task SettleAsync()
    {
        while (Tokens.GetSource("", null).IsInFlight)
        {
            await Task.Yield();
        }
    }

    /// <summary>Whether the server answers with a passing error.</summary>
    public bool IsDown { get; set; }

    /// <summary>A server, or a handler before it, that does not listen to cancellation.</summary>
    public bool IsDeaf { get; set; }

    /// <summary>Tells how a call ended, and lets pass only the ends that the library promises.</summary>
    public async Task<AccessToken?> TryGetAsync(TokenRequest? request = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await Tokens.GetTokenAsync("", request, cancellationToken);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException or TokenRequestException)
        {
            return null;
        }
    }

    public void Change(Action<ClientCredentialsOptions> change) => _options.Change(change);

    /// <summary>What a token was requested with: number, scope and secret.</summary>
    public static (int Number, string Scope, string Secret) Describe(AccessToken token)
    {
        string[] parts = token.Value.Split('/');
        return (int.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1], parts[2]);
    }

    private async Task<AccessToken> RequestAsync(Func<ClientSettings> currentSettings, TokenRequest resolved, long behindUntil, CancellationToken cancellationToken)
    {
        string scope = string.Join('+', resolved.Scopes ?? []);
        string secret = currentSettings().Options.ClientSecret!;
        string source = $"{currentSettings().Options.ClientId} {scope}";
        DateTimeOffset at = Clock.GetUtcNow();
        long timestamp = Clock.GetTimestamp();
        int number;
        lock (_gate)
        {
            number = ++_requests;
            Specification.Assert(_running.Count(other => other.Source == source && !other.Cancellation.IsCancellationRequested) < Generations, $"Too many requests at once for {source}.");
            _running.Add((source, cancellationToken));
        }

        await Task.Yield();
        lock (_gate)
        {
            _running.Remove((source, cancellationToken));
        }

        if (!IsDeaf)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }

        return IsDown
            ? throw new TokenRequestException("down") { IsTransient = true }
            : new AccessToken(Response($"{number}/{scope}/{secret}"), resolved.Scopes ?? [], TimeSpan.FromHours(1), at, timestamp);
    }

    private static TokenResponse Response(string token)
    {
        TokenResponse response = TokenResponse.Parse(Encoding.UTF8.GetBytes($$"""{"access_token":"{{token}}"}"""));
        response.CheckSuccess(requireBearerSyntax: false);
        return response;
    }

    private sealed class MutableOptions : IOptionsMonitor<ClientCredentialsOptions>
    {
        private Action<ClientCredentialsOptions, string?>? _listener;

        public ClientCredentialsOptions CurrentValue { get; private set; } = Create(_ => { });

        public ClientCredentialsOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener)
        {
            _listener = listener;
            return null;
        }

        public void Change(Action<ClientCredentialsOptions> change)
        {
            CurrentValue = Create(change);
            _listener?.Invoke(CurrentValue, "");
        }

        private static ClientCredentialsOptions Create(Action<ClientCredentialsOptions> change)
        {
            ClientCredentialsOptions options = new() { TokenEndpoint = "https://id.example.com/token", ClientId = "shop", ClientSecret = "old" };
            change(options);
            return options;
        }
    }
}

/// <summary>Moved by hand; no timers, which Coyote could not schedule.</summary>
internal sealed class Clock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Volatile.Read(ref _ticks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
}
