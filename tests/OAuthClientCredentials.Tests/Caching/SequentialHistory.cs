using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using Operation = OAuthClientCredentials.Tests.Caching.ModelTests.Operation;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>One operation after the other, and the model: what must happen, and what must not.</summary>
internal sealed class SequentialHistory : ModelHistory
{
    private AccessToken? _last;

    // No token was requested yet with this client_id.
    private bool _isEmpty = true;

    // The time of the first token or failure, while nothing has happened that allows another request.
    private long _quietSince = -1;
    private TimeSpan _quietFor;
    private DateTimeOffset _quietSinceUtc;
    private bool _isFine = true;
    private bool _isRotated;

    public async Task StepAsync(Operation operation, int argument)
    {
        int before = Server.Requests.Count;
        int max = await DoAsync(operation, argument);
        await Eventually.True(() => !Tokens.IsInFlight());
        int requests = Server.Requests.Count - before;
        Assert.True(requests <= max, $"{requests} requests in one step, {max} expected at most");

        // A token that was expired stays expired, even if the wall clock jumps back.
        _quietSince = IsQuiet ? _quietSince : -1;
        if (_isRotated && _isFine && requests > 0)
        {
            // The call still got the cached token. Its successor, which may expire earlier, came in the background.
            (_isRotated, _last) = (false, null);
        }
    }

    /// <summary>Does an operation.</summary>
    /// <returns>How many requests it may cost.</returns>
    private async Task<int> DoAsync(Operation operation, int argument)
    {
        // A token that was found expired stays dropped, even if the wall clock jumps back.
        if (operation is Operation.GetAndCancel or Operation.Reject && _last is not null && !IsValid(_last))
        {
            _last = null;
        }

        switch (operation)
        {
            case Operation.AdvanceSeconds:
                Time.Advance(TimeSpan.FromSeconds(argument * 0.4));
                return 0;
            case Operation.AdvanceMinutes:
                Time.Advance(TimeSpan.FromMinutes(argument));
                return 0;
            case Operation.JumpWallClock:
                Time.JumpWallClock(TimeSpan.FromMinutes(argument - 50));

                // The wall clock is read once a second.
                Time.Advance(TimeSpan.FromSeconds(1));
                return 0;
            case Operation.ServerFine or Operation.ServerDown or Operation.ServerRefuses or Operation.ServerRepeats:
                _isFine = operation is Operation.ServerFine;
                Server.Always(operation switch
                {
                    Operation.ServerDown => TestResponse.Unavailable(),
                    Operation.ServerRefuses => TestResponse.Error("invalid_client"),
                    Operation.ServerRepeats => TestResponse.SameToken(),
                    _ => TestResponse.Token(),
                });
                return 0;
            case Operation.SetLifetime:
                Server.Lifetime = TimeSpan.FromSeconds(1 + (argument * argument));
                return 0;
            case Operation.Reject when _last is not null:
                return await RenewAsync(_last);
            case Operation.Forget:
                Tokens.Forget("");
                _last = null;
                _quietSince = -1;
                _isEmpty = true;
                return 0;
            case Operation.RotateSecret:
                Set("ClientSecret", $"secret-{Guid.NewGuid():N}");
                _quietSince = -1;

                // The next token replaces the cached one, however early it expires.
                _last = _isFine ? null : _last;
                _isRotated = true;
                return 0;
            case Operation.ChangeIdentity:
                ChangeIdentity(_ => { });
                _last = null;
                _quietSince = -1;
                _isEmpty = true;
                return 0;
            case Operation.GetAndCancel:
                using (CancellationTokenSource cancellation = new())
                {
                    ValueTask<AccessToken> get = Tokens.GetTokenAsync(cancellationToken: cancellation.Token);
                    await cancellation.CancelAsync();
                    await IgnoreAsync(get);
                }

                _quietSince = -1;
                _isEmpty = false;
                return 1;
            case Operation.Get:
                return await GetAsync();
            default:
                return 0;
        }
    }

    private async Task<int> GetAsync()
    {
        int max = IsQuiet ? 0 : 1;
        bool mustSucceed = _last is not null && IsValid(_last);
        int requests = Server.Requests.Count;
        try
        {
            AccessToken token = await Tokens.GetTokenAsync();

            // A server that repeats a token may send one that is expired on arrival.
            Assert.True(IsValid(token) || Server.Requests.Count > requests, "an expired token was given out");
            BeQuiet((token.ExpiresAt - token.RequestedAt!.Value) / 2);
            _last = token;
        }
        catch (TokenRequestException exception)
        {
            Assert.False(mustSucceed, "a valid token was lost");
            BeQuiet(TimeSpan.FromSeconds(exception.IsTransient ? 1 : 10));

            // A token that was expired stays expired, even if the wall clock jumps back.
            _last = null;
        }

        return max;
    }

    private async Task<int> RenewAsync(AccessToken rejected)
    {
        bool isValid = IsValid(rejected);
        try
        {
            AccessToken renewed = await Tokens.RenewTokenAsync(rejected);

            // Its successor may expire earlier.
            _last = _isFine ? null : renewed;
        }
        catch (TokenRequestException)
        {
            Assert.False(isValid, "a valid token was lost");
            _last = null;
        }

        (_quietSince, _isEmpty) = (-1, false);
        return 1;
    }

    private bool IsQuiet =>
        _quietSince >= 0 && Time.GetElapsedTime(_quietSince) < _quietFor && Time.GetUtcNow() - _quietSinceUtc < _quietFor;

    private void BeQuiet(TimeSpan span)
    {
        if (_isEmpty)
        {
            (_isEmpty, _quietSince, _quietSinceUtc, _quietFor) = (false, Time.GetTimestamp(), Time.GetUtcNow(), span);
        }
    }

    private bool IsValid(AccessToken token) =>
        Time.GetUtcNow() < token.ExpiresAt
        && Time.GetElapsedTime(token.RequestedTimestamp!.Value) < token.ExpiresAt - token.RequestedAt;
}
