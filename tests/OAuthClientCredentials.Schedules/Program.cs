using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.Coyote;
using Microsoft.Coyote.SystematicTesting;
using OAuthClientCredentials.Schedules;

// Schedules [iterations] [scenario]: runs each scenario under so many schedules. Exit code 0: no schedule broke one.
uint iterations = args.Length > 0 ? uint.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
MethodInfo[] scenarios =
[
    .. typeof(Scenarios).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(method => args.Length < 2 || method.Name == args[1]),
];
int broken = 0;
foreach (MethodInfo scenario in scenarios)
{
    long start = Stopwatch.GetTimestamp();
    Configuration configuration = Configuration.Create()
        .WithTestingIterations(iterations)
        .WithMaxSchedulingSteps(5000)
        .WithTelemetryEnabled(false)
        .WithPartiallyControlledConcurrencyAllowed()
        .WithPotentialDeadlocksReportedAsBugs(true);
    using TestingEngine engine = TestingEngine.Create(configuration, scenario.CreateDelegate<Func<Task>>());
    engine.Run();
    int bugs = engine.TestReport.NumOfFoundBugs;
    int schedules = engine.TestReport.NumOfExploredFairPaths + engine.TestReport.NumOfExploredUnfairPaths;
    string verdict = bugs == 0 ? "held   " : "BROKEN ";
    string bug = bugs == 0 ? "" : $", {engine.TestReport.BugReports.First().Split('\n')[0]}";
    broken += bugs;
    double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{verdict} {scenario.Name}: {schedules} schedules, {seconds:0.0} s{bug}"));
}

return broken == 0 ? 0 : 1;
