using Microsoft.Coyote.Specifications;

namespace OAuthClientCredentials.Schedules;

/// <summary>Each is run under thousands of schedules. A scenario that never ends is a bug too: Coyote reports the deadlock.</summary>
internal static class Scenarios
{
    private static readonly TimeSpan Due = TimeSpan.FromMinutes(55);
    private static readonly TimeSpan Expired = TimeSpan.FromMinutes(61);
    private static readonly TimeSpan FirstCooldown = TimeSpan.FromSeconds(12.5);
    private static readonly TimeSpan SecondCooldown = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(0.5);
    private static readonly string[] Scopes = ["a", "b", "c"];

    public static async Task Cold_callers_of_whom_some_give_up_share_one_request()
    {
        World world = new();
        using CancellationTokenSource impatient = new();
        Task<AccessToken?>[] callers =
        [
            Task.Run(() => world.TryGetAsync(cancellationToken: impatient.Token)),
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync()),
        ];
        await Task.Run(impatient.Cancel);
        AccessToken?[] tokens = await Task.WhenAll(callers);
        Specification.Assert(world.Requests == 1, $"{world.Requests} requests.");
        Specification.Assert(tokens[1] is not null && tokens[1] == tokens[2], "Those who waited did not get the one token.");
    }

    public static async Task A_renewal_behind_and_a_rejection_make_one_request_each_at_most()
    {
        World world = new();
        AccessToken first = (await world.TryGetAsync())!;
        world.Clock.Advance(Due);
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryRenewAsync(first)),
            Task.Run(() => world.TryRenewAsync(first)),
        ];
        AccessToken?[] tokens = await Task.WhenAll(calls);
        Specification.Assert(tokens.All(token => token is not null), "A call failed.");
        Specification.Assert(tokens[1] != first && tokens[2] != first, "The rejected token came back.");
        Specification.Assert(world.Requests is 2, $"{world.Requests} requests.");
    }

    public static async Task Rejections_of_one_token_make_one_request()
    {
        World world = new();
        AccessToken first = (await world.TryGetAsync())!;
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryRenewAsync(first)),
            Task.Run(() => world.TryRenewAsync(first)),
            Task.Run(() => world.TryRenewAsync(first)),
        ];
        AccessToken?[] tokens = await Task.WhenAll(calls);
        Specification.Assert(tokens.All(token => token is not null && token != first), "The rejected token came back.");
        Specification.Assert(world.Requests == 2, $"{world.Requests} requests.");
    }

    public static async Task A_client_that_is_forgotten_never_gives_out_what_was_asked_for_before()
    {
        World world = new() { Generations = 2 };
        Task<AccessToken?>[] before =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync()),
        ];
        int requests = await Task.Run(() => Forget(world));
        AccessToken? after = await world.TryGetAsync();
        await Task.WhenAll(before);
        Specification.Assert(after is not null && World.Describe(after).Number > requests, "An older token came back.");
        Specification.Assert(world.Requests <= 3, $"{world.Requests} requests.");
    }

    public static async Task A_late_answer_of_a_deaf_server_is_nobodys_token()
    {
        World world = new() { IsDeaf = true, Generations = 2 };
        Task<AccessToken?> before = Task.Run(() => world.TryGetAsync());
        await Task.Run(() => world.Tokens.Forget(""));
        AccessToken? first = await world.TryGetAsync();
        await before;
        AccessToken? second = await world.TryGetAsync();
        Specification.Assert(first is not null && second == first, "A late answer replaced a newer token.");
    }

    public static async Task A_changed_secret_ends_up_in_the_token()
    {
        World world = new();
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync()),
        ];
        await Task.Run(() => world.Change(options => options.ClientSecret = "new"));
        AccessToken?[] tokens = await Task.WhenAll(calls);
        Specification.Assert(tokens.All(token => token is not null), "A call failed.");
        await world.TryGetAsync();
        await world.SettleAsync();
        AccessToken? last = await world.TryGetAsync();
        Specification.Assert(World.Describe(last!).Secret == "new", $"The new secret was not used in {world.Requests} requests.");
        Specification.Assert(world.Requests <= 2, $"{world.Requests} requests.");
    }

    public static async Task A_changed_identity_is_everybodys_from_then_on()
    {
        World world = new();
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync()),
        ];
        await Task.Run(() => world.Change(options => options.Scopes = ["new"]));
        AccessToken? after = await world.TryGetAsync();
        await Task.WhenAll(calls);
        Specification.Assert(after is not null && World.Describe(after).Scope == "new", "A token of the former identity was given out.");
        AccessToken? later = await world.TryGetAsync();
        Specification.Assert(later == after, "A token of the former identity came back.");
    }

    public static async Task Disposing_ends_everything_and_everybody()
    {
        World world = new();
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync(new TokenRequest { Scopes = ["a"] })),
        ];
        Task disposal = Task.Run(() => world.Tokens.DisposeAsync().AsTask());
        await Task.WhenAll(calls);
        await disposal;
        int requests = world.Requests;
        Specification.Assert(await world.TryGetAsync() is null, "A disposed provider gave out a token.");
        Specification.Assert(world.Requests == requests, "A disposed provider sent a request.");
    }

    public static async Task Eviction_takes_no_token_from_those_who_ask_for_it()
    {
        World world = new(maxSources: 2);
        string[] scopes = ["a", "b", "c", "a", "d"];
        Task<AccessToken?>[] calls = [.. scopes.Select(scope => Task.Run(() => world.TryGetAsync(new TokenRequest { Scopes = [scope] })))];
        AccessToken?[] tokens = await Task.WhenAll(calls);
        for (int call = 0; call < scopes.Length; call++)
        {
            bool isOwn = tokens[call] is { } token && World.Describe(token).Scope == scopes[call];
            Specification.Assert(isOwn, $"The call for {scopes[call]} got another's token, or none.");
        }
    }

    public static async Task A_shared_failure_is_each_waiters_own_and_costs_one_request()
    {
        World world = new() { IsDown = true };
        Task<TokenRequestException?>[] calls =
        [
            Task.Run(() => FailAsync(world)),
            Task.Run(() => FailAsync(world)),
            Task.Run(() => FailAsync(world)),
        ];
        TokenRequestException?[] failures = await Task.WhenAll(calls);
        Specification.Assert(failures.All(failure => failure is not null), "A call did not fail.");
        Specification.Assert(failures.Distinct().Count() == 3, "Waiters shared an exception.");
        Specification.Assert(world.Requests == 1, $"{world.Requests} requests.");
    }

    public static async Task A_failing_renewal_fails_no_call()
    {
        World world = new();
        AccessToken first = (await world.TryGetAsync())!;
        world.IsDown = true;
        world.Clock.Advance(Due);
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryGetAsync()),
            Task.Run(() => world.TryRenewAsync(first)),
        ];
        AccessToken?[] tokens = await Task.WhenAll(calls);
        Specification.Assert(tokens.All(token => token == first), "A valid token was lost.");
        Specification.Assert(world.Requests <= 3, $"{world.Requests} requests.");
    }

    public static async Task No_expired_token_is_given_out_while_the_clock_moves()
    {
        World world = new();
        await world.TryGetAsync();
        Task clock = Task.Run(() => world.Clock.Advance(Expired));
        Task<AccessToken?>[] calls = [Task.Run(() => GetFresh(world)), Task.Run(() => GetFresh(world))];
        await Task.WhenAll(calls);
        await clock;
        Specification.Assert(await GetFresh(world) is not null, "There was no token.");
        Specification.Assert(world.Requests <= 2, $"{world.Requests} requests.");
    }

    public static async Task Only_the_rejected_caller_waits()
    {
        World world = new();
        AccessToken first = (await world.TryGetAsync())!;
        TaskCompletionSource response = new(TaskCreationOptions.RunContinuationsAsynchronously);
        world.Response = response.Task;
        Task<AccessToken?> rejected = Task.Run(() => world.TryRenewAsync(first));
        Task<AccessToken?>[] others = [Task.Run(() => GetAtOnce(world)), Task.Run(() => GetAtOnce(world))];
        AccessToken?[] tokens = await Task.WhenAll(others);
        Specification.Assert(tokens.All(token => token == first), "Another caller did not get the valid token.");
        response.SetResult();
        AccessToken? renewed = await rejected;
        Specification.Assert(renewed is not null && renewed != first, "The rejected caller got no other token.");
        Specification.Assert(world.Requests == 2, $"{world.Requests} requests.");
    }

    public static async Task One_request_at_a_time_tries_a_rejected_credential()
    {
        using CredentialServer server = new() { IsRejecting = true };
        World world = new(server: server);
        await GetForEachScope(world);
        Specification.Assert(server.Requests > 0, "The credential was not sent.");
        int requests = server.Requests;
        await GetForEachScope(world);
        Specification.Assert(server.Requests == requests, "A rejected credential was sent during its cool-down.");
        world.Clock.Advance(FirstCooldown);
        await GetForEachScope(world);
        Specification.Assert(server.Requests == requests + 1, $"{server.Requests - requests} requests tried the credential.");

        server.IsRejecting = false;
        world.Clock.Advance(SecondCooldown);
        AccessToken?[] tokens = await GetForEachScope(world);
        Specification.Assert(tokens.Any(token => token is not null), "No request tried the credential.");
        world.Clock.Advance(AskAgain);
        tokens = await GetForEachScope(world);
        Specification.Assert(tokens.All(token => token is not null), "An accepted credential was held back.");
        Specification.Assert(server.Requests == requests + 4, $"{server.Requests - requests - 1} requests for three tokens.");
    }

    public static async Task A_renewal_that_fails_once_fails_no_caller_whose_token_expires_meanwhile()
    {
        World world = new();
        await world.TryGetAsync();
        world.Fail(requests: 1);
        world.Clock.Advance(Due);
        Task<AccessToken?>[] calls =
        [
            Task.Run(() => GetFresh(world)),
            Task.Run(() => GetFresh(world)),
            Task.Run(() => GetFresh(world)),
        ];
        await Task.Run(() => world.Clock.Advance(Expired - Due));
        AccessToken?[] tokens = await Task.WhenAll(calls);
        Specification.Assert(tokens.All(token => token is not null), "A caller got the failure of a renewal that it did not wait for.");
        Specification.Assert(await GetFresh(world) is not null, "There was no token.");
        Specification.Assert(world.Requests <= 3, $"{world.Requests} requests.");
    }

    private static Task<AccessToken?[]> GetForEachScope(World world)
    {
        Task<AccessToken?>[] calls = [.. Scopes.Select(scope => Task.Run(() => world.TryGetAsync(new TokenRequest { Scopes = [scope] })))];
        return Task.WhenAll(calls);
    }

    private static async Task<AccessToken?> GetAtOnce(World world)
    {
        Task<AccessToken> call = world.Tokens.GetTokenAsync().AsTask();
        Specification.Assert(call.IsCompleted, "A caller with a valid token waited.");
        return await call;
    }

    private static int Forget(World world)
    {
        int requests = world.Requests;
        world.Tokens.Forget("");
        return requests;
    }

    // The clock may move between call and answer, so it is the time of the call that counts.
    private static async Task<AccessToken?> GetFresh(World world)
    {
        DateTimeOffset called = world.Clock.GetUtcNow();
        AccessToken? token = await world.TryGetAsync();
        Specification.Assert(token is null || token.ExpiresAt > called, "An expired token was given out.");
        return token;
    }

    private static async Task<TokenRequestException?> FailAsync(World world)
    {
        try
        {
            await world.Tokens.GetTokenAsync();
            return null;
        }
        catch (TokenRequestException exception)
        {
            return exception;
        }
    }
}
