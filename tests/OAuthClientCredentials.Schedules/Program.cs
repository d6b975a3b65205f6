using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.Coyote;
using Microsoft.Coyote.SystematicTesting;
using OAuthClientCredentials.Schedules;

// Schedules [iterations] [scenario]: runs each scenario under so many schedules. Exit code 0: no schedule broke one.
uint iterations = args.Length > 0 ? uint.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
int broken = 0;
foreach (MethodInfo scenario in typeof(Scenarios).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(method => args.Length < 2 || method.Name == args[1]))
{
    long start = Stopwatch.GetTimestamp();
    Configuration configuration = Configuration.Create().WithTestingIterations(iterations).WithMaxSchedulingSteps(5000).WithTelemetryEnabled(false).WithPartiallyControlledConcurrencyAllowed().WithPotentialDeadlocksReportedAsBugs(true);
    using TestingEngine engine = TestingEngine.Create(configuration, scenario.CreateDelegate<Func<Task>>());
    engine.Run();
    int bugs = engine.TestReport.NumOfFoundBugs;
    broken += bugs;
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(bugs == 0 ? "held   " : "BROKEN ")} {scenario.Name}: {engine.TestReport.NumOfExploredFairPaths + engine.TestReport.NumOfExploredUnfairPaths} schedules, {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s{(bugs == 0 ? "" : $", {engine.TestReport.BugReports.First().Split('\n')[0]}")}"));
}

return broken == 0 ? 0 : 1;
