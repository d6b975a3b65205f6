using System.Globalization;
using OAuthClientCredentials.Soak;

string mode = args.ElementAtOrDefault(0) ?? "";
TimeSpan duration = TimeSpan.FromMinutes(double.Parse(args.ElementAtOrDefault(1) ?? "1", CultureInfo.InvariantCulture));
int unobserved = 0;
TaskScheduler.UnobservedTaskException += (_, _) => Interlocked.Increment(ref unobserved);

Report report = mode switch
{
    "months" => await Months.RunAsync(duration),
    "minutes" => await Minutes.RunAsync(duration),
    "storm" => await Storm.RunAsync(),
    "requests" => await DistinctRequests.RunAsync(),
    "latency" => await Latency.RunAsync(duration),
    _ => throw new ArgumentException("Say months, minutes, storm, requests or latency, and for how many minutes."),
};

GC.Collect();
GC.WaitForPendingFinalizers();
report.AtMost("unobserved exceptions", Volatile.Read(ref unobserved), 0);
return report.Print();
