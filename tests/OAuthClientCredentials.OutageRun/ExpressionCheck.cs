using System.Globalization;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>Runs every expression of the sample's dashboard and of its rules over the whole run.</summary>
internal sealed class ExpressionCheck(Prometheus prometheus, DateTimeOffset from, Report report)
{
    public async Task DashboardAsync()
    {
        Report.Title("Dashboard (the largest value of the run)");
        Report.Row("panel", "expression", "a value");
        JsonNode dashboard = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Repository.Sample, "grafana-dashboard.json")))!;
        (string Panel, string Expression)[] all = [.. ExpressionsOf(dashboard)];
        report.Require(all.Length > 0, "the dashboard has no expressions");
        foreach ((string panel, string expression) in all)
        {
            // An expression that is not valid fails here. It may have no data at this moment.
            await prometheus.QueryAsync(expression);
            double[] values = await ValuesAsync(expression, from, DateTimeOffset.UtcNow);
            Report.Row(panel, expression, values.Length > 0 ? Text(values.Max()) : "no data");
            report.Require(values.Length > 0, $"the panel '{panel}' has no data: {expression}");
        }
    }

    public async Task RulesAsync(AlertWatch alerts)
    {
        Report.Title("Rules (the largest value while the alert fired)");
        Report.Row("alert", "expression", "a value");
        foreach ((string alert, string expression) in await prometheus.RulesAsync())
        {
            Firing? firing = alerts.Firings.FirstOrDefault(firing => firing.Alert == alert);
            if (firing is null)
            {
                Report.Row(alert, expression, "did not fire");
                report.Add($"no scene made the alert {alert} fire");
                continue;
            }

            double[] values = await ValuesAsync(expression, firing.From, firing.To ?? DateTimeOffset.UtcNow);
            Report.Row(alert, expression, values.Length > 0 ? Text(values.Max()) : "no data");
            report.Require(values.Length > 0, $"the rule {alert} has no data while its alert fired: {expression}");
        }
    }

    private static string Text(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    // A row of the dashboard has panels of its own.
    private static IEnumerable<(string Panel, string Expression)> ExpressionsOf(JsonNode parent)
    {
        foreach (JsonNode? panel in parent["panels"]?.AsArray() ?? [])
        {
            string title = panel!["title"]?.GetValue<string>() ?? "";
            foreach (JsonNode? target in panel["targets"]?.AsArray() ?? [])
            {
                // Grafana replaces this variable by four scrape intervals or more.
                string expression = target!["expr"]!.GetValue<string>().Replace("$__rate_interval", "1m", StringComparison.Ordinal);
                yield return (title, expression);
            }

            foreach ((string Panel, string Expression) nested in ExpressionsOf(panel))
            {
                yield return nested;
            }
        }
    }

    private async Task<double[]> ValuesAsync(string expression, DateTimeOffset start, DateTimeOffset end) =>
        [.. (await prometheus.QueryRangeAsync(expression, start, end)).SelectMany(series => series.Values).Where(double.IsFinite)];
}
