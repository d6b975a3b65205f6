using System.Diagnostics;
using OAuthClientCredentials.OutageRun;

Report report = new();
long start = Stopwatch.GetTimestamp();
try
{
    await RunAsync(Arguments.Read(args));
}
catch (Exception failure)
{
    report.Add(failure);
}

Console.WriteLine($"\n{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s in all");
return report.Print();

async Task RunAsync(Arguments arguments)
{
    string prometheusCommand = LocalProcess.Find("prometheus", "prometheus");
    string? chromium = arguments.WithBrowser ? LocalProcess.Find("chromium", "chromium", "chromium-browser", "google-chrome") : null;
    DateTimeOffset started = DateTimeOffset.UtcNow;
    using SampleProcess sample = new();
    await sample.UntilUpAsync();
    using Prometheus prometheus = new(prometheusCommand, sample.Address);
    await prometheus.UntilUpAsync();
    await using AlertWatch alerts = new(prometheus);
    LeakCheck leaks = new(sample, report);
    try
    {
        await using Browser? browser = chromium is null ? null : new(chromium);
        PageCheck? page = browser is null ? null : new(browser, arguments.Pictures, report);
        await new Scenes(sample, prometheus, alerts, leaks, page, report).RunAsync(started);
    }
    catch (Exception failure)
    {
        // The tables below show how far the run came.
        report.Add(failure);
    }

    ExpressionCheck expressions = new(prometheus, started, report);
    alerts.Print(report);
    await expressions.RulesAsync(alerts);
    await expressions.DashboardAsync();
    await MetricTable.PrintAsync(prometheus, report);
    leaks.Print();
    await sample.StopAsync(report);
}
