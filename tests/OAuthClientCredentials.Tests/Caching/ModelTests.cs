using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Random histories of one source, held against what must be true of every history. A failure names its seed.</summary>
public sealed class ModelTests
{
    private const int Histories = 1000;
    private const int Steps = 60;

    [Fact]
    [Trait("Req", "R-081")]
    [Trait("Req", "R-090")]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-190")]
    public async Task In_every_history_tokens_are_valid_outages_harmless_and_requests_few()
    {
        for (int seed = 0; seed < Histories; seed++)
        {
            await using History history = new(seed);
            for (int step = 0; step < Steps; step++)
            {
                await history.StepAsync();
            }
        }
    }

    private sealed class History(int seed) : IAsyncDisposable
    {
        private readonly Provider _provider = new();
        private readonly Random _random = new(seed);
        private readonly List<string> _steps = [];
        private AccessToken? _last;
        private bool _isUp = true;

        public async Task StepAsync()
        {
            int before = _provider.Endpoint.Requests.Count;
            string step = await DoAsync();
            await _provider.SettleAsync();
            _steps.Add(step);
            int requests = _provider.Endpoint.Requests.Count - before;
            Check(requests <= 1, $"{requests} requests in one step");
        }

        public ValueTask DisposeAsync() => _provider.DisposeAsync();

        private async Task<string> DoAsync()
        {
            switch (_random.Next(10))
            {
                case 0:
                    TimeSpan little = TimeSpan.FromSeconds(_random.NextDouble() * 40);
                    _provider.Time.Advance(little);
                    return $"advance {little}";
                case 1:
                    TimeSpan much = TimeSpan.FromMinutes(_random.Next(5, 70));
                    _provider.Time.Advance(much);
                    return $"advance {much}";
                case 2:
                    TimeSpan jump = TimeSpan.FromMinutes(_random.Next(-30, 30));
                    _provider.Time.JumpWallClock(jump);

                    // the wall clock is looked at once in a second.
                    _provider.Time.Advance(TimeSpan.FromSeconds(1));
                    return $"jump {jump}";
                case 3:
                    _isUp = !_isUp;
                    _provider.Endpoint.Always(_isUp ? TestAnswer.Token() : _random.Next(2) == 0 ? TestAnswer.Unavailable() : TestAnswer.Error("invalid_client"));
                    return _isUp ? "up" : "down";
                case 4 when _last is not null:
                    _provider.Tokens.Invalidate(_last);

                    // Its successor may live shorter than it would have.
                    _last = _isUp ? null : _last;
                    return "reject";
                case 5 when _random.Next(4) == 0:
                    _provider.Tokens.Invalidate("");
                    _last = null;
                    return "forget";
                case 6:
                    _provider.Endpoint.Lifetime = TimeSpan.FromSeconds(_random.Next(1, 4000));
                    return $"lifetime {_provider.Endpoint.Lifetime}";
                default:
                    return await GetAsync();
            }
        }

        private async Task<string> GetAsync()
        {
            bool mustSucceed = _last is not null && IsValid(_last);
            DateTimeOffset now = _provider.Time.GetUtcNow();
            try
            {
                AccessToken token = await _provider.Tokens.GetTokenAsync();
                _last = token;
                Check(token.ExpiresAt > now && IsValid(token), "an expired token was given out");
                return $"get {token.Value}";
            }
            catch (TokenRequestException)
            {
                Check(!mustSucceed, "a valid token was lost");

                // What expired once stays expired, though the wall clock may jump back.
                _last = null;
                return "get: failed";
            }
        }

        private bool IsValid(AccessToken token) =>
            _provider.Time.GetUtcNow() < token.ExpiresAt && _provider.Time.GetElapsedTime(token.RequestedTimestamp) < token.Lifetime;

        private void Check(bool holds, string problem) => Assert.True(holds, $"Seed {seed}: {problem} after\n{string.Join('\n', _steps)}");
    }
}
