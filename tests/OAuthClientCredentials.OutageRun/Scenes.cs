namespace OAuthClientCredentials.OutageRun;

/// <summary>The scenes of the run, in their order.</summary>
internal sealed class Scenes(
    SampleProcess sample,
    Prometheus prometheus,
    AlertWatch alerts,
    LeakCheck leaks,
    PageCheck? page,
    Report report)
{
    private const string Certificate = "TokenCredentialExpires";

    private const string Renewed =
        "sum(oauth_client_unauthorized_responses_total{oauth_client_unauthorized_response_outcome='renewed'}) > 0";

    // The lifetime of the sample's tokens is 60 seconds. A renewal is due when 15 to 6 seconds of it remain.
    private const int SecondsBeforeRenewal = 16;

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan AlertLimit = TimeSpan.FromSeconds(110);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(90);

    // Alerts about an increase within two minutes resolve two minutes after the last increase.
    private static readonly TimeSpan ResolveLimit = TimeSpan.FromSeconds(240);

    /// <summary>Runs all scenes of a sample that started at the given time with a certificate that expires soon.</summary>
    public async Task RunAsync(DateTimeOffset started)
    {
        Cause certificate = alerts.BeginCause(Certificate, "certificate with 10 days left", started);
        await LookAsync(check => check.OpenAsync(sample.Address));
        await SteadyAsync(certificate);
        await OutageAsync();
        await RevocationAsync();
        await RejectedTokensAsync();
        await WrongSecretAsync();
        await RenewedCertificateAsync(certificate);
        await AllResolvedAsync();
    }

    private async Task SteadyAsync(Cause certificate)
    {
        Begin("Steady");
        await alerts.UntilFiredAsync(certificate, AlertLimit);
        await Task.Delay(Steady);
        string[] others = [.. alerts.Firings.Select(firing => firing.Alert).Where(alert => alert != Certificate).Distinct()];
        report.Require(others.Length == 0, $"alerts that fire without a cause: {string.Join(", ", others)}");
        await LookAsync(check => check.SteadyAsync());
        await leaks.CheckAsync("steady");
    }

    private async Task OutageAsync()
    {
        await UntilRenewalIsNearAsync();
        Begin("Outage");
        Cause failing = alerts.BeginCause("TokenRenewalFailing", "outage");
        Cause unavailable = alerts.BeginCause("TokenUnavailable", "outage");
        await sample.SwitchAsync("outage", on: true);
        await LookAsync(check => check.OutageAsync());
        await alerts.UntilFiredAsync(unavailable, AlertLimit);
        await alerts.UntilFiredAsync(failing, AlertLimit);
        await LookAsync(check => check.UnavailableAsync());
        await leaks.CheckAsync("outage");
        Begin("Recovery");
        await sample.SwitchAsync("outage", on: false);
        failing.End();
        unavailable.End();
        await alerts.UntilResolvedAsync(failing, RecoveryLimit);
        await alerts.UntilResolvedAsync(unavailable, RecoveryLimit);
        await LookAsync(check => check.RecoveredAsync());
    }

    private async Task RevocationAsync()
    {
        Begin("Revocation");
        await sample.PostAsync("/switches/revoke");
        await UntilAsync("the revoked tokens are renewed", Renewed);
    }

    private async Task RejectedTokensAsync()
    {
        Begin("API rejects all tokens");
        Cause rejected = alerts.BeginCause("TokensRejectedByApi", "API rejects all tokens");
        await sample.SwitchAsync("reject-tokens", on: true);
        await alerts.UntilFiredAsync(rejected, AlertLimit);
        await leaks.CheckAsync("rejected tokens");
        await sample.SwitchAsync("reject-tokens", on: false);
        rejected.End();
    }

    private async Task WrongSecretAsync()
    {
        Begin("Wrong secret");
        Cause rejected = alerts.BeginCause("TokenCredentialRejected", "wrong secret");
        await sample.SwitchAsync("wrong-secret", on: true);
        await alerts.UntilFiredAsync(rejected, AlertLimit);
        await leaks.CheckAsync("wrong secret");
        Begin("Right secret");
        await sample.SwitchAsync("wrong-secret", on: false);
        rejected.End();
        await UntilAsync("all token requests succeed again", "max(oauth_client_token_request_consecutive_failures) == 0");
    }

    private async Task RenewedCertificateAsync(Cause certificate)
    {
        Begin("Renewed certificate");
        await sample.PostAsync("/switches/renew-certificate");
        certificate.End();
        await alerts.UntilResolvedAsync(certificate, RecoveryLimit);
    }

    private async Task AllResolvedAsync()
    {
        Begin("Until all alerts are resolved");
        foreach (Cause cause in alerts.Causes)
        {
            await alerts.UntilResolvedAsync(cause, ResolveLimit);
        }

        await leaks.CheckAsync("end");
    }

    private Task LookAsync(Func<PageCheck, Task> look) => page is null ? Task.CompletedTask : look(page);

    private static void Begin(string scene) => Console.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss} {scene}");

    // An outage is invisible until a token is needed. It begins shortly before, so that the run need not wait.
    private Task UntilRenewalIsNearAsync() => UntilAsync(
        "the renewal is near",
        $"oauth_client_token_remaining_lifetime_seconds{{oauth_client_name=\"orders\"}} > 0 < {SecondsBeforeRenewal}");

    private Task UntilAsync(string what, string expression) =>
        Wait.UntilAsync(what, RecoveryLimit, async () => (await prometheus.QueryAsync(expression)).Length > 0);
}
