using System.Globalization;
using OAuthClientCredentials.Soak;

string run = args.ElementAtOrDefault(0) ?? "";
TimeSpan duration = TimeSpan.FromMinutes(double.Parse(args.ElementAtOrDefault(1) ?? "1", CultureInfo.InvariantCulture));
int unobserved = 0;
TaskScheduler.UnobservedTaskException += (_, _) => Interlocked.Increment(ref unobserved);

Report report = run switch
{
    "simulated" => await SimulatedTimeRun.RunAsync(duration),
    "real" => await RealTimeRun.RunAsync(duration),
    "revocation" => await RevocationRun.RunAsync(),
    "requests" => await DistinctRequestsRun.RunAsync(),
    "latency" => await LatencyRun.RunAsync(duration),
    _ => throw new ArgumentException("Name a run (simulated, real, revocation, requests or latency) and the number of minutes."),
};

GC.Collect();
GC.WaitForPendingFinalizers();
report.AtMost("unobserved exceptions", Volatile.Read(ref unobserved), 0);
return report.Print();
