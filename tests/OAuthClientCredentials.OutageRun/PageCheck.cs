using System.Diagnostics;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>Looks at the sample's page as a person does: the page is opened once and must show by itself what happens.</summary>
internal sealed class PageCheck(Browser browser, string? pictures, Report report)
{
    // The texts of the card of one client, by field, and the moment at which the page was loaded.
    private const string ReadTexts = """
        JSON.stringify(Object.fromEntries([
          ["loaded", String(performance.timeOrigin)],
          ...[...document.querySelectorAll('[data-client="orders"] [data-field]')].map(e => [e.dataset.field, e.textContent.trim()])]))
        """;

    private static readonly string[] Printed =
        ["state", "health", "remaining", "consecutiveFailures", "lastErrorType", "nextAttemptAt", "calls", "says"];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RecoveryLimit = TimeSpan.FromSeconds(30);

    private string _loaded = "";
    private string _steady = "";

    public async Task OpenAsync(Uri address)
    {
        await browser.OpenAsync(address);
        await Wait.UntilAsync("the page shows the client 'orders'", RecoveryLimit, async () => (await ReadAsync()).Count > 1);
        _loaded = (await ReadAsync())["loaded"];
    }

    public async Task SteadyAsync()
    {
        await UntilShownAsync("steady", RecoveryLimit, IsHealthy);
        _steady = (await ReadAsync())["says"];
    }

    /// <summary>From the start of the outage. The renewals fail when they are due, not before.</summary>
    public async Task OutageAsync()
    {
        long start = Stopwatch.GetTimestamp();
        await UntilShownAsync("begin", Limit, texts => texts["says"] != _steady, start);
        await UntilShownAsync("failing", RecoveryLimit, IsFailing, start);
    }

    /// <summary>After the token has expired.</summary>
    public Task UnavailableAsync() => UntilShownAsync("outage", Limit, texts => texts["health"] == "Unhealthy");

    public async Task RecoveredAsync()
    {
        await UntilShownAsync("recovered", RecoveryLimit, IsHealthy);
        report.Require((await ReadAsync())["loaded"] == _loaded, "the page was loaded again");
        foreach (string exception in browser.Tools.Exceptions)
        {
            report.Add($"the page has an exception: {exception}");
        }
    }

    private static bool IsHealthy(Dictionary<string, string> texts) => texts["state"] == "Fresh" && texts["health"] == "Healthy";

    private static bool IsFailing(Dictionary<string, string> texts) =>
        texts["health"] == "Degraded" && texts["consecutiveFailures"] != "0";

    private Task UntilShownAsync(string scene, TimeSpan limit, Func<Dictionary<string, string>, bool> isShown) =>
        UntilShownAsync(scene, limit, isShown, Stopwatch.GetTimestamp());

    private async Task UntilShownAsync(string scene, TimeSpan limit, Func<Dictionary<string, string>, bool> isShown, long start)
    {
        Dictionary<string, string> texts = [];
        await Wait.UntilAsync($"the page shows '{scene}'", limit, async () => isShown(texts = await ReadAsync()));
        Report.Row("page", scene, $"after {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s", TextOf(texts));
        if (pictures is not null)
        {
            Directory.CreateDirectory(pictures);
            await browser.SavePictureAsync(Path.Combine(pictures, $"{scene}.png"));
        }
    }

    private async Task<Dictionary<string, string>> ReadAsync() =>
        JsonNode.Parse(await browser.Tools.EvaluateAsync(ReadTexts))!.AsObject()
            .ToDictionary(text => text.Key, text => text.Value!.GetValue<string>());

    private static string TextOf(Dictionary<string, string> texts) =>
        string.Join(", ", Printed.Select(field => $"{field}: {texts[field]}"));
}
