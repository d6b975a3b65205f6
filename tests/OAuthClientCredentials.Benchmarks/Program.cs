using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OAuthClientCredentials.Benchmarks;

// This program is also the store that the benchmarks of the shared cache start.
if (args is ["store", string port])
{
    GarnetProcess.Serve(port);
    return;
}

// In this process: a separate build would measure the same and take minutes.
IConfig config = DefaultConfig.Instance
    .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(5).WithIterationCount(12))
    .HideColumns(Column.Error, Column.Toolchain, Column.Job, Column.IterationCount, Column.WarmupCount)
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, config);
