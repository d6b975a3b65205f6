using CsCheck;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>Random histories of one client, checked against a model. A failing history is shrunk and printed with its seed.</summary>
public sealed class ModelTests
{
    public enum Operation
    {
        Get,
        GetAndCancel,
        AdvanceSeconds,
        AdvanceMinutes,
        JumpWallClock,
        ServerFine,
        ServerDown,
        ServerRefuses,
        ServerRepeats,
        SetLifetime,
        Reject,
        Forget,
        RotateSecret,
        ChangeIdentity,
    }

    private static readonly Gen<(Operation Operation, int Argument)> Step = Gen.Select(
        Gen.Frequency((8, Gen.Const(Operation.Get)), (6, Gen.Enum<Operation>())),
        Gen.Int[0, 99]);

    [Fact]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-081")]
    [Trait("Req", "R-090")]
    [Trait("Req", "R-100")]
    [Trait("Req", "R-190")]
    public Task Every_history_has_valid_tokens_harmless_outages_and_few_requests() => Step.Array[1, 60].SampleAsync(
        async steps =>
        {
            await using SequentialHistory history = new();
            foreach ((Operation operation, int argument) in steps)
            {
                await history.StepAsync(operation, argument);
            }
        },
        iter: 2_000,
        threads: 2,
        print: Describe);

    [Fact]
    [Trait("Req", "R-071")]
    [Trait("Req", "R-074")]
    [Trait("Req", "R-090")]
    [Trait("Req", "R-091")]
    [Trait("Req", "R-099")]
    public Task Parallel_callers_each_get_their_own_token_from_one_request() => Step.Array[1, 30].Array[4].SampleAsync(
        async callers =>
        {
            await using ParallelHistory history = new();
            await Task.WhenAll(callers.Select(steps => Task.Run(async () =>
            {
                foreach ((Operation operation, int argument) in steps)
                {
                    await history.StepAsync(operation, argument);
                }
            })));
        },
        iter: 1_000,
        threads: 1,
        print: callers => string.Join('\n', callers.Select(Describe)));

    private static string Describe((Operation Operation, int Argument)[] steps) =>
        string.Join(", ", steps.Select(step => $"{step.Operation} {step.Argument}"));
}
