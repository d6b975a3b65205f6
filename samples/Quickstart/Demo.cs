using System.Text.Json;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>The six steps of the demo, against an authorization server and an API in this process.</summary>
internal sealed class Demo(AuthorizationServer server, ProtectedApi api, IServiceProvider services)
{
    // Each step has a client, so that no step changes the token of another.
    private const string Standard = "standard";
    private const string ShortLived = "short-lived";
    private const string Revoked = "revoked";
    private const string Outage = "outage";
    private const string WrongSecret = "wrong-secret";

    private static readonly Dictionary<string, TimeSpan> Lifetimes = new()
    {
        [Standard] = TimeSpan.FromHours(1),
        [ShortLived] = TimeSpan.FromSeconds(4),
        [Revoked] = TimeSpan.FromHours(1),
        [Outage] = TimeSpan.FromSeconds(24),
        [WrongSecret] = TimeSpan.FromHours(1),
    };

    private readonly DemoReport _report = new();
    private readonly DemoClient _standard = new(services, Standard);
    private readonly DemoClient _shortLived = new(services, ShortLived);
    private readonly DemoClient _revoked = new(services, Revoked);
    private readonly DemoClient _outage = new(services, Outage);

    /// <summary>Runs all steps.</summary>
    /// <param name="json">Whether to print the totals as a last line.</param>
    /// <returns>The exit code: 0 if every step succeeded, otherwise 1.</returns>
    public static async Task<int> RunAsync(bool json)
    {
        IdentityStore store = new();
        await using AuthorizationServer server = new(store, Lifetimes);
        await server.StartAsync();
        await using ProtectedApi api = new(store);
        await api.StartAsync();
        double latency = AuthorizationServer.Latency.TotalMilliseconds;
        Console.WriteLine($"Authorization server at {store.Issuer} (each token response takes {latency:0} ms), API at {api.Address}.");
        await using ServiceProvider services = RegisterClients(store.Issuer, api.Address);
        return await new Demo(server, api, services).RunStepsAsync(json);
    }

    // As the main README shows it, once for each step.
    private static ServiceProvider RegisterClients(Uri issuer, Uri api)
    {
        ServiceCollection services = new();
        foreach (string name in Lifetimes.Keys)
        {
            services.AddClientCredentials(name, o =>
            {
                o.Authority = issuer.AbsoluteUri;
                o.ClientId = name;
                o.ClientSecret = AuthorizationServer.Secret;
                o.Scopes = ["orders.read"];
            });
            services.AddHttpClient(name, c => c.BaseAddress = api)
                .AddClientCredentialsHandler(name);
        }

        // Registering a name again adds to its options.
        services.AddClientCredentials(WrongSecret, o => o.ClientSecret = "not-the-secret");
        return services.BuildServiceProvider();
    }

    private async Task<int> RunStepsAsync(bool json)
    {
        await CallOnceAsync();
        await CallConcurrentlyAsync();
        await RenewInBackgroundAsync();
        await RenewAfterRevocationAsync();
        await CallDuringOutageAsync();
        int tokenRequests = server.TokenRequests;
        await UseWrongSecretAsync();

        _report.WriteSummary();
        if (json)
        {
            WriteTotals(tokenRequests);
        }

        return _report.AllSucceeded ? 0 : 1;
    }

    private async Task CallOnceAsync()
    {
        _report.StartStep("The first call");
        await _standard.CallAsync();
        _report.EndStep(
            _standard.Failed == 0 && server.TokensIssuedTo(Standard) == 1,
            "it requested a token, waited for it, and the API responded");
    }

    private async Task CallConcurrentlyAsync()
    {
        _report.StartStep("500 concurrent calls");
        await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => _standard.CallAsync()));
        int tokens = server.TokensIssuedTo(Standard);
        _report.EndStep(_standard.Failed == 0 && tokens == 1, $"all succeeded; token requests so far: {tokens}");
    }

    private async Task RenewInBackgroundAsync()
    {
        _report.StartStep("Tokens that live 4 seconds, calls for 8 seconds");
        await _shortLived.CallForAsync(
            TimeSpan.FromSeconds(8),
            elapsed => _report.ShowProgress($"{elapsed.TotalSeconds:0} s, {server.TokensIssuedTo(ShortLived)} tokens"));
        int renewals = server.TokensIssuedTo(ShortLived) - 1;
        TimeSpan wait = _shortLived.LongestWait;
        _report.EndStep(
            _shortLived.Failed == 0 && renewals >= 1 && wait < AuthorizationServer.Latency,
            $"{renewals} background renewals during {_shortLived.Calls} calls; "
            + $"the longest wait of a call for its token was {wait.TotalMilliseconds:0.0} ms");
    }

    private async Task RenewAfterRevocationAsync()
    {
        _report.StartStep("The token is revoked");
        await _revoked.CallAsync();
        await api.RevokeTokensAsync(Revoked);
        await _revoked.CallAsync();
        await _revoked.CallAsync();
        _report.EndStep(
            _revoked.Failed == 0 && server.TokensIssuedTo(Revoked) == 2,
            "the API responded with 401, the token was renewed once, and the call was sent again and succeeded");
    }

    private async Task CallDuringOutageAsync()
    {
        _report.StartStep("The authorization server is down");
        await _outage.CallAsync();
        await server.StopAsync();
        await _outage.CallForAsync(TimeSpan.FromSeconds(21), elapsed => ShowCalls(elapsed, "down"));
        await server.StartAsync();
        await _outage.CallForAsync(TimeSpan.FromSeconds(4), elapsed => ShowCalls(elapsed, "up again"));
        _report.EndStep(
            _outage.Failed == 0 && server.TokensIssuedTo(Outage) == 2,
            $"{_outage.Calls} calls used the cached token, {_outage.Failed} failed; "
            + "the token was renewed when the server was up again");

        void ShowCalls(TimeSpan elapsed, string state) =>
            _report.ShowProgress($"{state} for {elapsed.TotalSeconds:0} s, {_outage.Calls} calls, {_outage.Failed} failed");
    }

    private async Task UseWrongSecretAsync()
    {
        _report.StartStep("A wrong secret");
        try
        {
            await services.GetRequiredService<ITokenProvider>().GetTokenAsync(WrongSecret);
            _report.EndStep(false, "the server accepted it");
        }
        catch (TokenRequestException exception)
        {
            bool hidesSecret = !exception.ToString().Contains("not-the-secret", StringComparison.Ordinal);
            _report.EndStep(exception.Error == "invalid_client" && hidesSecret, exception.Message);
        }
    }

    private void WriteTotals(int tokenRequests)
    {
        DemoClient[] clients = [_standard, _shortLived, _revoked, _outage];
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            apiCalls = clients.Sum(client => client.Calls),
            tokenRequests,
            failedCalls = clients.Sum(client => client.Failed),
            longestWaitMs = Math.Round(clients.Max(client => client.LongestWait).TotalMilliseconds, 3),
            renewalsBehind = server.TokensIssuedTo(ShortLived) - 1 + server.TokensIssuedTo(Outage) - 1,
            unauthorizedRenewals = server.TokensIssuedTo(Revoked) - 1,
        }));
    }
}
