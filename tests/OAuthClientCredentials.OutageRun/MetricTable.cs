using System.Globalization;

namespace OAuthClientCredentials.OutageRun;

/// <summary>The instruments of the library as Prometheus has scraped them.</summary>
internal static class MetricTable
{
    private const string Client = "oauth_client_name";

    // The OpenMetrics format adds when a series began.
    private const string Created = "_created";

    private static readonly string[] Histogram = ["_bucket", "_sum", "_count", Created];
    private static readonly string[] Counter = ["_total", Created];
    private static readonly string[] Gauge = [""];

    // Prometheus adds these: the target, and the bucket of a histogram.
    private static readonly string[] LabelsOfPrometheus = ["__name__", "job", "instance", "le"];

    private static readonly Instrument[] Instruments =
    [
        new(
            "oauth_client_token_request_duration_seconds",
            Histogram,
            [Client, "oauth_client_token_request_reason", "server_address", "error_type"]),
        new("oauth_client_token_request_attempts", Counter, [Client, "server_address"]),
        new("oauth_client_token_wait_duration_seconds", Histogram, [Client]),
        new("oauth_client_token_remaining_lifetime_seconds", Gauge, [Client]),
        new("oauth_client_token_request_consecutive_failures", Gauge, [Client]),
        new("oauth_client_credential_remaining_lifetime_seconds", Gauge, [Client]),
        new(
            "oauth_client_unauthorized_responses",
            Counter,
            [Client, "oauth_client_http_client_name", "oauth_client_unauthorized_response_outcome"]),
    ];

    public static async Task PrintAsync(Prometheus prometheus, Report report)
    {
        Report.Title("Metrics as scraped (without buckets and the times of creation)");
        Report.Row("series", "labels", "last value");
        Series[] all = await prometheus.QueryAsync("{__name__=~\"oauth_client_.*\"}");
        foreach (Instrument instrument in Instruments)
        {
            foreach (string suffix in instrument.Suffixes)
            {
                Print(all.Where(series => series.Name == instrument.Name + suffix), instrument, suffix, report);
            }
        }

        IEnumerable<string> known =
            Instruments.SelectMany(instrument => instrument.Suffixes, (instrument, suffix) => instrument.Name + suffix);
        string[] unknown = [.. all.Select(series => series.Name).Except(known)];
        report.Require(unknown.Length == 0, $"unknown metrics: {string.Join(", ", unknown)}");
    }

    private static void Print(IEnumerable<Series> found, Instrument instrument, string suffix, Report report)
    {
        report.Require(found.Any() || suffix == Created, $"the metric {instrument.Name}{suffix} is missing");
        foreach (Series series in found)
        {
            string[] unknown = [.. series.Labels.Keys.Except(LabelsOfPrometheus).Except(instrument.Labels).Where(label => !IsScope(label))];
            report.Require(unknown.Length == 0, $"unknown labels of {series.Name}: {string.Join(", ", unknown)}");
            if (suffix is not ("_bucket" or Created))
            {
                Report.Row(series.Name, TextOf(series), series.Values[^1].ToString("0.###", CultureInfo.InvariantCulture));
            }
        }
    }

    // The exporter adds the name and the version of the meter.
    private static bool IsScope(string label) => label.StartsWith("otel_scope_", StringComparison.Ordinal);

    private static string TextOf(Series series) => string.Join(", ", series.Labels
        .Where(label => !LabelsOfPrometheus.Contains(label.Key) && !IsScope(label.Key))
        .Select(label => $"{label.Key}=\"{label.Value}\""));

    private sealed record Instrument(string Name, string[] Suffixes, string[] Labels);
}
