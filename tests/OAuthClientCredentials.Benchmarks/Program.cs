using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Environments;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using OAuthClientCredentials.Benchmarks;
using Perfolizer.Horology;

// In this process: no second build is needed. Enough iterations for ratios; absolute times are the machine's.
Job job = Job.Default
    .WithToolchain(InProcessEmitToolchain.Default)
    .WithIterationTime(TimeInterval.FromMilliseconds(200))
    .WithWarmupCount(5)
    .WithIterationCount(15)
    .WithGcServer(false);

BenchmarkSwitcher.FromTypes([typeof(CachedGet), typeof(Handler)]).Run(args.Length == 0 ? ["--filter", "*"] : args, DefaultConfig.Instance.AddJob(job));
