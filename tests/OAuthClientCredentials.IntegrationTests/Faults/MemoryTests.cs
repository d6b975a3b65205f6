using OAuthClientCredentials.IntegrationTests.Canaries;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>
/// The memory that a huge response takes. The counters are those of the process: no other test runs at the same time, and the memory
/// of the server is included.
/// </summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests(ITestOutputHelper output) : CanaryTests
{
    private const int MaxAllocated = 2 * 1024 * 1024;
    private const int MaxKept = MaxAllocated / 2;

    public static TheoryData<string, string> Bodies
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (Endpoint endpoint in Enum.GetValues<Endpoint>())
            {
                foreach (FaultCase fault in FaultMatrix.Sizes.Where(fault => fault.At(endpoint) is not null))
                {
                    data.Add(fault.Name, endpoint.ToString());
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
    public async Task A_huge_response_allocates_less_than_two_MiB(string body, string endpoint)
    {
        // Work that an earlier test left may run during one round, but not during each of ten.
        long allocated = long.MaxValue;
        long kept = long.MaxValue;
        for (int round = 0; round < 10 && (allocated > MaxAllocated || kept > MaxKept); round++)
        {
            await using FaultTestHost host = new(body, Enum.Parse<Endpoint>(endpoint));
            long liveBefore = GC.GetTotalMemory(forceFullCollection: true);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            Assert.IsType<TokenRequestException>(await Record.ExceptionAsync(host.RequestAsync));
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
            kept = Math.Min(kept, GC.GetTotalMemory(forceFullCollection: true) - liveBefore);
        }

        output.WriteLine($"{allocated / 1024} KiB allocated, {kept / 1024} KiB live afterwards");
        Assert.InRange(allocated, 0, MaxAllocated);
        Assert.InRange(kept, long.MinValue, MaxKept);
    }
}
