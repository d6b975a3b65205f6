using Microsoft.Coyote.Specifications;

namespace OAuthClientCredentials.Schedules;

/// <summary>Coyote runs each scenario under thousands of schedules, and reports one that never ends as a deadlock.</summary>
internal static class Scenarios
{
    private static readonly TimeSpan Due = TimeSpan.FromMinutes(55);
    private static readonly TimeSpan Expired = TimeSpan.FromMinutes(61);
    private static readonly TimeSpan FirstCooldown = TimeSpan.FromSeconds(12.5);
    private static readonly TimeSpan SecondCooldown = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(0.5);
    private static readonly string[] Scopes = ["a", "b", "c"];

    public static async Task First_callers_share_one_request_when_some_cancel()
    {
        ScheduleHost host = new();
        using CancellationTokenSource cancellation = new();
        Task<AccessToken?[]> calls = Run(
            () => host.TryGetAsync(cancellationToken: cancellation.Token),
            () => host.TryGetAsync(),
            () => host.TryGetAsync());
        await Task.Run(cancellation.Cancel);
        AccessToken?[] tokens = await calls;
        CheckRequests(host, 1, 1);
        Specification.Assert(tokens[1] is not null && tokens[1] == tokens[2], "The callers that waited did not get the one token.");
    }

    public static async Task A_background_renewal_and_a_401_make_one_request_each_at_most()
    {
        ScheduleHost host = new();
        AccessToken first = (await host.TryGetAsync())!;
        host.Clock.Advance(Due);
        AccessToken?[] tokens = await Run(() => host.TryGetAsync(), () => host.TryRenewAsync(first), () => host.TryRenewAsync(first));
        Specification.Assert(tokens.All(token => token is not null), "A call failed.");
        Specification.Assert(tokens[1] != first && tokens[2] != first, "The rejected token was returned.");
        CheckRequests(host, 2, 2);
    }

    public static async Task Rejections_of_one_token_make_one_request()
    {
        ScheduleHost host = new();
        AccessToken first = (await host.TryGetAsync())!;
        Func<Task<AccessToken?>> renew = () => host.TryRenewAsync(first);
        AccessToken?[] tokens = await Run(renew, renew, renew);
        Specification.Assert(tokens.All(token => token is not null && token != first), "The rejected token was returned.");
        CheckRequests(host, 2, 2);
    }

    public static async Task After_Forget_no_token_of_an_earlier_request_is_returned()
    {
        ScheduleHost host = new() { Generations = 2 };
        Task<AccessToken?[]> before = Run(() => host.TryGetAsync(), () => host.TryGetAsync());
        int requests = await Task.Run(() => Forget(host));
        AccessToken? after = await host.TryGetAsync();
        await before;
        Specification.Assert(after is not null && ScheduleHost.Describe(after).Number > requests, "An older token was returned.");
        CheckRequests(host, 0, 3);
    }

    public static async Task A_late_response_that_ignores_cancellation_is_discarded()
    {
        ScheduleHost host = new() { IgnoresCancellation = true, Generations = 2 };
        Task<AccessToken?> before = Task.Run(() => host.TryGetAsync());
        await Task.Run(() => host.Tokens.Forget(""));
        AccessToken? first = await host.TryGetAsync();
        await before;
        AccessToken? second = await host.TryGetAsync();
        Specification.Assert(first is not null && second == first, "A late response replaced a newer token.");
    }

    public static async Task A_changed_secret_is_used_for_the_token()
    {
        ScheduleHost host = new();
        Task<AccessToken?[]> calls = Run(() => host.TryGetAsync(), () => host.TryGetAsync());
        await Task.Run(() => host.Change(options => options.ClientSecret = "new"));
        Specification.Assert((await calls).All(token => token is not null), "A call failed.");
        await host.TryGetAsync();
        await host.SettleAsync();
        AccessToken? last = await host.TryGetAsync();
        Specification.Assert(ScheduleHost.Describe(last!).Secret == "new", $"The new secret was not used in {host.Requests} requests.");
        CheckRequests(host, 0, 2);
    }

    public static async Task After_a_changed_identity_no_former_token_is_returned()
    {
        ScheduleHost host = new();
        Task<AccessToken?[]> calls = Run(() => host.TryGetAsync(), () => host.TryGetAsync());
        await Task.Run(() => host.Change(options => options.Scopes = ["new"]));
        AccessToken? after = await host.TryGetAsync();
        await calls;
        Specification.Assert(after is not null && ScheduleHost.Describe(after).Scope == "new", "A former token was returned.");
        AccessToken? later = await host.TryGetAsync();
        Specification.Assert(later == after, "A former token replaced the new one.");
    }

    public static async Task Disposal_ends_all_calls_and_requests()
    {
        ScheduleHost host = new();
        Task<AccessToken?[]> calls = Run(() => host.TryGetAsync(), () => host.TryGetAsync(new TokenRequest { Scopes = ["a"] }));
        Task disposal = Task.Run(() => host.Tokens.DisposeAsync().AsTask());
        await calls;
        await disposal;
        int requests = host.Requests;
        Specification.Assert(await host.TryGetAsync() is null, "A disposed provider returned a token.");
        CheckRequests(host, requests, requests);
    }

    public static async Task Eviction_fails_no_concurrent_call()
    {
        ScheduleHost host = new(maxSources: 2);
        string[] scopes = ["a", "b", "c", "a", "d"];
        AccessToken?[] tokens = await RunForScopes(host, scopes);
        for (int call = 0; call < scopes.Length; call++)
        {
            bool isOwn = tokens[call] is { } token && ScheduleHost.Describe(token).Scope == scopes[call];
            Specification.Assert(isOwn, $"The call for {scopes[call]} got the token of another call, or none.");
        }
    }

    public static async Task A_shared_failure_gives_each_waiter_its_own_exception()
    {
        ScheduleHost host = new() { IsDown = true };
        Task<TokenRequestException?>[] calls =
        [
            Task.Run(() => FailAsync(host)),
            Task.Run(() => FailAsync(host)),
            Task.Run(() => FailAsync(host)),
        ];
        TokenRequestException?[] failures = await Task.WhenAll(calls);
        Specification.Assert(failures.All(failure => failure is not null), "A call did not fail.");
        Specification.Assert(failures.Distinct().Count() == 3, "Waiters shared an exception.");
        CheckRequests(host, 1, 1);
    }

    public static async Task A_failed_renewal_fails_no_call()
    {
        ScheduleHost host = new();
        AccessToken first = (await host.TryGetAsync())!;
        host.IsDown = true;
        host.Clock.Advance(Due);
        AccessToken?[] tokens = await Run(() => host.TryGetAsync(), () => host.TryGetAsync(), () => host.TryRenewAsync(first));
        Specification.Assert(tokens.All(token => token == first), "A valid token was lost.");
        CheckRequests(host, 0, 3);
    }

    public static async Task No_expired_token_is_returned_while_the_clock_moves()
    {
        ScheduleHost host = new();
        await host.TryGetAsync();
        Task clock = Task.Run(() => host.Clock.Advance(Expired));
        await Run(() => GetValidAsync(host), () => GetValidAsync(host));
        await clock;
        Specification.Assert(await GetValidAsync(host) is not null, "There was no token.");
        CheckRequests(host, 0, 2);
    }

    public static async Task Only_the_caller_with_a_401_waits()
    {
        ScheduleHost host = new();
        AccessToken first = (await host.TryGetAsync())!;
        TaskCompletionSource response = new(TaskCreationOptions.RunContinuationsAsynchronously);
        host.Response = response.Task;
        Task<AccessToken?> rejected = Task.Run(() => host.TryRenewAsync(first));
        AccessToken?[] tokens = await Run(() => GetWithoutWaitingAsync(host), () => GetWithoutWaitingAsync(host));
        Specification.Assert(tokens.All(token => token == first), "Another caller did not get the valid token.");
        response.SetResult();
        AccessToken? renewed = await rejected;
        Specification.Assert(renewed is not null && renewed != first, "The caller with a 401 got no other token.");
        CheckRequests(host, 2, 2);
    }

    public static async Task One_request_at_a_time_retries_a_rejected_credential()
    {
        using CredentialServer server = new() { IsRejecting = true };
        ScheduleHost host = new(server: server);
        await RunForScopes(host, Scopes);
        Specification.Assert(server.Requests > 0, "The credential was not sent.");
        int requests = server.Requests;
        await RunForScopes(host, Scopes);
        Specification.Assert(server.Requests == requests, "A rejected credential was sent during its cool-down.");
        host.Clock.Advance(FirstCooldown);
        await RunForScopes(host, Scopes);
        Specification.Assert(server.Requests == requests + 1, $"{server.Requests - requests} requests sent the credential.");

        server.IsRejecting = false;
        host.Clock.Advance(SecondCooldown);
        AccessToken?[] tokens = await RunForScopes(host, Scopes);
        Specification.Assert(tokens.Any(token => token is not null), "No request sent the credential.");
        host.Clock.Advance(RetryDelay);
        tokens = await RunForScopes(host, Scopes);
        Specification.Assert(tokens.All(token => token is not null), "An accepted credential was not sent.");
        Specification.Assert(server.Requests == requests + 4, $"{server.Requests - requests - 1} requests for three tokens.");
    }

    public static async Task A_failed_renewal_fails_no_caller_whose_token_expires_meanwhile()
    {
        ScheduleHost host = new();
        await host.TryGetAsync();
        host.Fail(requests: 1);
        host.Clock.Advance(Due);
        Task<AccessToken?[]> calls = Run(() => GetValidAsync(host), () => GetValidAsync(host), () => GetValidAsync(host));
        await Task.Run(() => host.Clock.Advance(Expired - Due));
        AccessToken?[] tokens = await calls;
        Specification.Assert(tokens.All(token => token is not null), "A caller got the failure of a renewal that it did not wait for.");
        Specification.Assert(await GetValidAsync(host) is not null, "There was no token.");
        CheckRequests(host, 0, 3);
    }

    private static Task<AccessToken?[]> Run(params Func<Task<AccessToken?>>[] calls)
    {
        Task<AccessToken?>[] running = [.. calls.Select(call => Task.Run(call))];
        return Task.WhenAll(running);
    }

    private static Task<AccessToken?[]> RunForScopes(ScheduleHost host, string[] scopes)
    {
        Task<AccessToken?>[] calls = [.. scopes.Select(scope => Task.Run(() => host.TryGetAsync(new TokenRequest { Scopes = [scope] })))];
        return Task.WhenAll(calls);
    }

    private static void CheckRequests(ScheduleHost host, int min, int max) =>
        Specification.Assert(host.Requests >= min && host.Requests <= max, $"{host.Requests} requests.");

    private static async Task<AccessToken?> GetWithoutWaitingAsync(ScheduleHost host)
    {
        Task<AccessToken> call = host.Tokens.GetTokenAsync().AsTask();
        Specification.Assert(call.IsCompleted, "A caller with a valid token waited.");
        return await call;
    }

    private static int Forget(ScheduleHost host)
    {
        int requests = host.Requests;
        host.Tokens.Forget("");
        return requests;
    }

    // The clock may move during the call. The token must be valid at the time of the call.
    private static async Task<AccessToken?> GetValidAsync(ScheduleHost host)
    {
        DateTimeOffset called = host.Clock.GetUtcNow();
        AccessToken? token = await host.TryGetAsync();
        Specification.Assert(token is null || token.ExpiresAt > called, "An expired token was returned.");
        return token;
    }

    private static async Task<TokenRequestException?> FailAsync(ScheduleHost host)
    {
        try
        {
            await host.Tokens.GetTokenAsync();
            return null;
        }
        catch (TokenRequestException exception)
        {
            return exception;
        }
    }
}
