using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>What a body that wants to fill memory costs. The counters are the process's, so nothing else runs, and the server's part counts against us.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests(ITestOutputHelper output) : Canaries.CanaryTests
{
    private const int Most = 2 * 1024 * 1024;

    public static TheoryData<string, string> Bodies
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (Row row in FaultMatrix.Sizes)
            {
                foreach (Endpoint endpoint in Enum.GetValues<Endpoint>().Where(endpoint => row.At(endpoint) is not null))
                {
                    data.Add(row.Name, endpoint.ToString());
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-009")]
    [Trait("Req", "R-040")]
    [Trait("Req", "R-041")]
    [MemberData(nameof(Bodies))]
    public async Task One_request_allocates_less_than_two_MiB_and_keeps_nothing(string body, string endpoint)
    {
        Row row = FaultMatrix.Rows.Single(row => row.Name == body);
        List<long> allocated = [];
        List<long> kept = [];
        for (int round = 0; round < 3; round++)
        {
            await using Cell cell = new(row, Enum.Parse<Endpoint>(endpoint));
            long liveBefore = GC.GetTotalMemory(forceFullCollection: true);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Assert.IsType<TokenRequestException>(await Record.ExceptionAsync(cell.RequestAsync));
            allocated.Add(GC.GetTotalAllocatedBytes(precise: true) - before);
            kept.Add(GC.GetTotalMemory(forceFullCollection: true) - liveBefore);
        }

        // What an earlier test left behind may run beside one request, not beside each.
        output.WriteLine($"{allocated.Min() / 1024} to {allocated.Max() / 1024} KiB allocated, {kept.Min() / 1024} KiB live afterwards");
        Assert.InRange(allocated.Min(), 0, Most);
        Assert.InRange(kept.Min(), long.MinValue, Most / 2);
    }
}
