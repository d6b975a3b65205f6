using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>A Chromium without a window, with one page.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const int Width = 1280;
    private const int Height = 900;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("outage-run-chromium-");
    private readonly LocalProcess _process;

    public Browser(string command) => _process = new(
        command,
        _folder.FullName,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        $"--user-data-dir={_folder.FullName}",
        $"--window-size={Width},{Height}",
        "--remote-debugging-port=0",
        "about:blank");

    // Chromium writes the port of its choice to this file.
    private string PortFile => Path.Combine(_folder.FullName, "DevToolsActivePort");

    public DevTools Tools { get; } = new();

    /// <summary>Opens a page at the size of a laptop's screen.</summary>
    public async Task OpenAsync(Uri address)
    {
        await Wait.UntilAsync("Chromium has started", StartLimit, HasStarted);
        await Tools.ConnectAsync(await FindPageAsync(File.ReadAllLines(PortFile)[0]));
        await Tools.SendAsync(
            "Emulation.setDeviceMetricsOverride",
            new() { ["width"] = Width, ["height"] = Height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await Tools.SendAsync("Page.navigate", new() { ["url"] = address.AbsoluteUri });
    }

    public async Task SavePictureAsync(string path)
    {
        JsonNode result = await Tools.SendAsync("Page.captureScreenshot", new() { ["format"] = "png" });
        await File.WriteAllBytesAsync(path, Convert.FromBase64String(result["data"]!.GetValue<string>()));
    }

    public async ValueTask DisposeAsync()
    {
        await Tools.DisposeAsync();
        await _process.StopAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private Task<bool> HasStarted()
    {
        _process.RequireRunning("Chromium");
        return Task.FromResult(File.Exists(PortFile) && File.ReadAllLines(PortFile).Length > 0);
    }

    private static async Task<Uri> FindPageAsync(string port)
    {
        using HttpClient http = new();
        JsonArray pages = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/json/list")))!.AsArray();
        JsonNode page = pages.First(page => page!["type"]!.ToString() == "page")!;
        return new(page["webSocketDebuggerUrl"]!.GetValue<string>());
    }
}
