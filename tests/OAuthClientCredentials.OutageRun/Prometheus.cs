using System.Globalization;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>A Prometheus that scrapes the sample once a second and evaluates the sample's rules.</summary>
internal sealed class Prometheus : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("outage-run-prometheus-");
    private readonly LocalProcess _process;
    private readonly HttpClient _http;

    public Prometheus(string command, Uri sample)
    {
        string configuration = Path.Combine(_folder.FullName, "prometheus.yml");
        File.WriteAllText(configuration, ConfigurationFor(sample));
        int port = LocalProcess.FreePort();
        _http = new() { BaseAddress = new($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
        _process = new(
            command,
            _folder.FullName,
            $"--config.file={configuration}",
            $"--storage.tsdb.path={_folder.FullName}/data",
            $"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn");
    }

    public Task UntilUpAsync() => Wait.UntilAsync("Prometheus scrapes the sample", StartLimit, HasTargetAsync);

    /// <summary>The series of an expression now.</summary>
    public async Task<Series[]> QueryAsync(string expression) =>
        Read(await GetAsync($"query?query={Uri.EscapeDataString(expression)}"));

    /// <summary>The series of an expression, with a value for each second.</summary>
    public async Task<Series[]> QueryRangeAsync(string expression, DateTimeOffset from, DateTimeOffset to) =>
        Read(await GetAsync($"query_range?query={Uri.EscapeDataString(expression)}&start={Seconds(from)}&end={Seconds(to)}&step=1"));

    /// <summary>The names of the alerts that fire now.</summary>
    public async Task<string[]> FiringAsync() =>
        [.. (await GetAsync("alerts"))["alerts"]!.AsArray()
            .Where(alert => Text(alert!, "state") == "firing")
            .Select(alert => Text(alert!["labels"]!, "alertname"))
            .Distinct()];

    /// <summary>The rules as Prometheus has read them.</summary>
    public async Task<(string Alert, string Expression)[]> RulesAsync() =>
        [.. (await GetAsync("rules"))["groups"]!.AsArray()
            .SelectMany(group => group!["rules"]!.AsArray())
            .Select(rule => (Text(rule!, "name"), Text(rule!, "query")))];

    public void Dispose()
    {
        _http.Dispose();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static string ConfigurationFor(Uri sample) => $"""
        global:
          scrape_interval: 1s
          scrape_timeout: 1s
          evaluation_interval: 1s
        rule_files:
          - '{Path.Combine(Repository.Sample, "prometheus-rules.yml")}'
        scrape_configs:
          - job_name: observability
            static_configs:
              - targets: ['{sample.Authority}']
        """;

    private static string Seconds(DateTimeOffset time) =>
        (time.ToUnixTimeMilliseconds() / 1000.0).ToString(CultureInfo.InvariantCulture);

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    private static Series[] Read(JsonNode data) => [.. data["result"]!.AsArray().Select(series => Series.Read(series!))];

    private async Task<bool> HasTargetAsync()
    {
        _process.RequireRunning("Prometheus");
        try
        {
            return (await QueryAsync("up == 1")).Length > 0;
        }
        catch (Exception failure) when (failure is HttpRequestException or OutageRunException)
        {
            return false;
        }
    }

    private async Task<JsonNode> GetAsync(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri($"/api/v1/{path}", UriKind.Relative));
        string text = await response.Content.ReadAsStringAsync();
        if (!response.IsSuccessStatusCode)
        {
            throw new OutageRunException($"Prometheus responded to {Uri.UnescapeDataString(path)} with {(int)response.StatusCode}: {text}");
        }

        return JsonNode.Parse(text)!["data"]!;
    }
}
