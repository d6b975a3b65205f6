using System.Globalization;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>The scenes, in order, on an embedded authorization server and API.</summary>
internal static class Play
{
    private const string Everyday = "everyday";
    private const string ShortLived = "short-lived";
    private const string Revoked = "revoked";
    private const string Outage = "outage";
    private const string Mistaken = "mistaken";

    private static readonly Dictionary<string, TimeSpan> Lifetimes = new()
    {
        [Everyday] = TimeSpan.FromHours(1),
        [ShortLived] = TimeSpan.FromSeconds(4),
        [Revoked] = TimeSpan.FromHours(1),
        [Outage] = TimeSpan.FromSeconds(24),
        [Mistaken] = TimeSpan.FromHours(1),
    };

    public static async Task<int> RunAsync(bool json)
    {
        Report report = new();
        IdentityStore store = new();
        await using AuthorizationServer server = new(store, Lifetimes);
        await server.StartAsync();
        await using ProtectedApi api = new(store);
        await api.StartAsync();
        report.Line($"Authorization server at {store.Issuer} (answers after {AuthorizationServer.Latency.TotalMilliseconds:0} ms), API at {api.Address}.");
        await using ServiceProvider services = RegisterClients(store.Issuer, api.Address);

        Dictionary<string, Caller> callers = new[] { Everyday, ShortLived, Revoked, Outage }.ToDictionary(name => name, name => new Caller(services, name));
        await FirstCallAsync(report, server, callers[Everyday]);
        await ManyCallsAsync(report, server, callers[Everyday]);
        await RenewalAsync(report, server, callers[ShortLived]);
        await RevokedAsync(report, server, api, callers[Revoked]);
        await OutageAsync(report, server, callers[Outage]);
        int tokenRequests = server.TokenRequests;
        await WrongSecretAsync(report, services.GetRequiredService<ITokenProvider>());

        report.Line(report.AllHeld ? "Every scene held." : "Not every scene held.");
        if (json)
        {
            double longestWait = callers.Values.Max(caller => caller.LongestWait).TotalMilliseconds;
            int behind = server.Issued(ShortLived) - 1 + server.Issued(Outage) - 1;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{{\"apiCalls\":{callers.Values.Sum(caller => caller.Calls)},\"tokenRequests\":{tokenRequests},\"failedCalls\":{callers.Values.Sum(caller => caller.Failed)},\"longestWaitMs\":{longestWait:0.###},\"renewalsBehind\":{behind},\"unauthorizedRenewals\":{server.Issued(Revoked) - 1}}}"));
        }

        return report.AllHeld ? 0 : 1;
    }

    // As README shows it, once for each scene.
    private static ServiceProvider RegisterClients(Uri issuer, Uri api)
    {
        ServiceCollection services = new();
        foreach (string name in Lifetimes.Keys)
        {
            services.AddClientCredentials(name, o =>
            {
                o.Authority = issuer.AbsoluteUri;
                o.ClientId = name;
                o.ClientSecret = name == Mistaken ? "not-the-secret" : AuthorizationServer.Secret;
                o.Scopes = ["orders.read"];
            });
            services.AddHttpClient(name, c => c.BaseAddress = api)
                .AddClientCredentialsHandler(name);
        }

        return services.BuildServiceProvider();
    }

    private static async Task FirstCallAsync(Report report, AuthorizationServer server, Caller caller)
    {
        report.Begin("The first call");
        await caller.CallAsync();
        report.End(caller.Failed == 0 && server.Issued(Everyday) == 1, "it fetched a token, waited for it, and was answered");
    }

    private static async Task ManyCallsAsync(Report report, AuthorizationServer server, Caller caller)
    {
        report.Begin("500 calls at once");
        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => caller.CallAsync()));
        report.End(caller.Failed == 0 && server.Issued(Everyday) == 1, $"all answered; token requests so far: {server.Issued(Everyday)}");
    }

    private static async Task RenewalAsync(Report report, AuthorizationServer server, Caller caller)
    {
        report.Begin("Tokens of 4 seconds, 8 seconds of calls");
        await caller.CallForAsync(TimeSpan.FromSeconds(8), elapsed => report.Progress($"{elapsed.TotalSeconds:0} s, {server.Issued(ShortLived)} tokens"));
        int renewals = server.Issued(ShortLived) - 1;
        report.End(caller.Failed == 0 && renewals >= 1 && caller.LongestWait < AuthorizationServer.Latency, $"{renewals} renewals behind {caller.Calls} calls; the longest wait of a call for its token was {caller.LongestWait.TotalMilliseconds:0.0} ms");
    }

    private static async Task RevokedAsync(Report report, AuthorizationServer server, ProtectedApi api, Caller caller)
    {
        report.Begin("The token is revoked");
        await caller.CallAsync();
        await api.RevokeTokensAsync(Revoked);
        await caller.CallAsync();
        await caller.CallAsync();
        report.End(caller.Failed == 0 && server.Issued(Revoked) == 2, "the API said 401, the token was renewed once, the call was sent again and answered");
    }

    private static async Task OutageAsync(Report report, AuthorizationServer server, Caller caller)
    {
        report.Begin("The authorization server stops");
        await caller.CallAsync();
        await server.StopAsync();
        await caller.CallForAsync(TimeSpan.FromSeconds(21), elapsed => report.Progress($"{elapsed.TotalSeconds:0} s without it, {caller.Calls} calls, {caller.Failed} failed"));
        await server.StartAsync();
        await caller.CallForAsync(TimeSpan.FromSeconds(4), elapsed => report.Progress($"it is back for {elapsed.TotalSeconds:0} s, {caller.Calls} calls, {caller.Failed} failed"));
        report.End(caller.Failed == 0 && server.Issued(Outage) == 2, $"{caller.Calls} calls went on with the token at hand, {caller.Failed} failed; the renewal came by itself when the server was back");
    }

    private static async Task WrongSecretAsync(Report report, ITokenProvider tokens)
    {
        report.Begin("A wrong secret");
        try
        {
            await tokens.GetTokenAsync(Mistaken);
            report.End(false, "it was accepted");
        }
        catch (TokenRequestException exception)
        {
            report.End(exception.Error == "invalid_client" && !exception.ToString().Contains("not-the-secret", StringComparison.Ordinal), exception.Message);
        }
    }
}
