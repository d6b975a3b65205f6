using System.Diagnostics;

namespace OAuthClientCredentials.OutageRun;

/// <summary>The sample "Observability" as a process, and its switches.</summary>
internal sealed class SampleProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly LocalProcess _process;
    private readonly HttpClient _http;

    public SampleProcess()
    {
        Address = new($"http://127.0.0.1:{LocalProcess.FreePort()}");
        _http = new() { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(10) };
        _process = new("dotnet", Repository.Sample, Repository.SampleDll, "--urls", Address.OriginalString);
    }

    public Uri Address { get; }

    public Task UntilUpAsync() => Wait.UntilAsync("the sample has started", StartLimit, IsUpAsync);

    public Task SwitchAsync(string name, bool on) => PostAsync(on ? $"/switches/{name}?on=true" : $"/switches/{name}?on=false");

    public async Task PostAsync(string path)
    {
        using HttpResponseMessage response = await _http.PostAsync(new Uri(path, UriKind.Relative), null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The text of a page, whatever its status is: an unhealthy application responds with 503.</summary>
    public async Task<string> ReadAsync(string path)
    {
        using HttpResponseMessage response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Ends the sample as a container platform does.</summary>
    public async Task StopAsync(Report report)
    {
        long start = Stopwatch.GetTimestamp();
        int? exitCode = await _process.StopAsync();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Console.WriteLine($"The sample ended {elapsed.TotalSeconds:0.0} s after SIGTERM with exit code {exitCode}.");
        report.Require(exitCode == 0, $"The sample ended with exit code {exitCode} after SIGTERM. Its last output: {_process.Output}");
    }

    public void Dispose()
    {
        _http.Dispose();
        _process.Dispose();
    }

    private async Task<bool> IsUpAsync()
    {
        _process.RequireRunning("the sample");
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri("/state", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
