using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Fleet;

/// <summary>One scene, and how many token requests it may cost.</summary>
internal sealed record Scene(string Name, double IdealRequests, int MaxRequests)
{
    /// <summary>How long a call may take at most.</summary>
    public double LongestSeconds { get; init; } = 3;
}

/// <summary>Runs scenes, measures them and prints the results.</summary>
internal sealed class SceneReport(DemoOptions options)
{
    private readonly List<SceneResult> _results = [];
    private int _calls;

    /// <summary>Does what the scene is about, and watches the fleet for a while.</summary>
    public async Task RunAsync(Scene scene, ServiceFleet fleet, Func<Task> act, TimeSpan time)
    {
        _ = await fleet.TakeTotalsAsync();
        int requestsBefore = fleet.TokenRequests;
        await act();
        long start = Stopwatch.GetTimestamp();
        Totals totals = Totals.None;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            totals = totals.Plus(await fleet.TakeTotalsAsync());
            Show(string.Create(
                CultureInfo.InvariantCulture,
                $"\r  {scene.Name}: {fleet.Count} replicas, {totals.Calls} calls, {totals.Failed} failed, "
                + $"{fleet.TokenRequests - requestsBefore} token requests "));
        }
        while (Stopwatch.GetElapsedTime(start) < time);

        SceneResult result = new(
            scene.Name,
            fleet.TokenRequests - requestsBefore,
            Math.Round(scene.IdealRequests, 1),
            scene.MaxRequests,
            totals.Failed,
            Math.Round(totals.LongestSeconds, 2),
            totals.LongestSeconds <= scene.LongestSeconds);
        _results.Add(result);
        _calls += totals.Calls;
        Show(result.HasHeld ? "  held\n" : "  NOT HELD\n");
    }

    /// <summary>Prints the table and the totals.</summary>
    /// <returns>The exit code: 0 if every scene held.</returns>
    public int Finish()
    {
        Console.WriteLine();
        Console.WriteLine("| scene | token requests | ideal | at most | failed calls | longest call (s) | held |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        _results.ForEach(result => Console.WriteLine(result.ToRow()));
        bool hasHeld = _results.TrueForAll(result => result.HasHeld);
        if (options.IsJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                replicas = options.Replicas,
                store = options.Store,
                calls = _calls,
                failedCalls = _results.Sum(result => result.Failed),
                tokenRequests = _results.Sum(result => result.Requests),
                scenes = _results.Count,
                held = hasHeld,
            }));
        }

        return hasHeld ? 0 : 1;
    }

    private void Show(string text)
    {
        if (!options.IsJson)
        {
            Console.Write(text);
        }
    }

    private sealed record SceneResult(string Name, int Requests, double Ideal, int MaxRequests, int Failed, double Longest, bool WasFast)
    {
        public bool HasHeld => Failed == 0 && Requests <= MaxRequests && WasFast;

        public string ToRow() => string.Create(
            CultureInfo.InvariantCulture,
            $"| {Name} | {Requests} | {Ideal} | {MaxRequests} | {Failed} | {Longest} | {(HasHeld ? "yes" : "NO")} |");
    }
}
