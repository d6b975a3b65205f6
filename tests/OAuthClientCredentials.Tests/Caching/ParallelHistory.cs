using System.Globalization;
using System.Net;
using OAuthClientCredentials.Testing;
using Operation = OAuthClientCredentials.Tests.Caching.ModelTests.Operation;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Several histories in parallel. The text of a token says what it was issued for.</summary>
internal sealed class ParallelHistory : ModelHistory
{
    private readonly Dictionary<string, int> _inFlight = [];
    private AccessToken? _last;
    private int _announced;
    private int _number;
    private int _down;

    public ParallelHistory() => Server.Always(request =>
    {
        string key = $"{request.ClientId} {request["scope"]}";
        lock (_inFlight)
        {
            _inFlight[key] = _inFlight.GetValueOrDefault(key) + 1;
            Assert.True(_inFlight[key] == 1, $"two flights at once for {key}");
        }

        string value = $"{request.ClientId}:{request["scope"]}:{Interlocked.Increment(ref _number)}";
        TestResponse response = Volatile.Read(ref _down) == 1 ? TestResponse.Unavailable() : TestResponse.Token(value: value);
        return response.After(async _ =>
        {
            await Task.Yield();
            lock (_inFlight)
            {
                _inFlight[key]--;
            }
        });
    });

    public async Task StepAsync(Operation operation, int argument)
    {
        switch (operation)
        {
            case Operation.Get:
                await GetAsync(argument, CancellationToken.None);
                return;
            case Operation.GetAndCancel:
                using (CancellationTokenSource cancellation = new())
                {
                    Task get = GetAsync(argument, cancellation.Token);
                    await cancellation.CancelAsync();
                    await get;
                }

                return;
            case Operation.AdvanceSeconds:
                Time.Advance(TimeSpan.FromSeconds(argument / 10));
                return;
            case Operation.ServerFine or Operation.ServerDown:
                Volatile.Write(ref _down, operation == Operation.ServerDown ? 1 : 0);
                return;
            case Operation.Reject when Volatile.Read(ref _last) is { } last:
                await IgnoreAsync(Tokens.RenewTokenAsync(last, "", new() { Scopes = [argument % 2 == 0 ? "read" : "write"] }));
                return;
            case Operation.RotateSecret:
                Set("ClientSecret", $"secret-{Guid.NewGuid():N}");
                return;
            case Operation.ChangeIdentity:
                ChangeIdentity(next => Volatile.Write(ref _announced, next));
                return;
            default:
                return;
        }
    }

    private async Task GetAsync(int argument, CancellationToken cancellationToken)
    {
        string scope = argument % 2 == 0 ? "read" : "write";
        int atLeast = Identity;
        DateTimeOffset now = Time.GetUtcNow();
        try
        {
            AccessToken token = await Tokens.GetTokenAsync("", new() { Scopes = [scope] }, cancellationToken);
            string[] parts = token.Value.Split(':');
            Assert.True(parts[1] == scope, $"a token for {parts[1]} was given out for {scope}");
            Assert.InRange(int.Parse(parts[0], CultureInfo.InvariantCulture), atLeast, Volatile.Read(ref _announced));
            Assert.True(token.ExpiresAt > now, "an expired token was given out");
            Volatile.Write(ref _last, token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(cancellationToken.IsCancellationRequested);
        }
        catch (TokenRequestException failure)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, failure.StatusCode);
        }
    }
}
