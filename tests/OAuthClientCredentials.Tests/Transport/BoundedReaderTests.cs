using System.Buffers;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>How much of a body is read, and what stays of it in memory.</summary>
public sealed class BoundedReaderTests
{
    [Fact]
    [Trait("Req", "R-217")]
    public async Task Pooled_buffers_are_returned_empty()
    {
        byte[] canary = "canary-token"u8.ToArray();
        using ByteArrayContent small = new(canary);
        using ByteArrayContent large = new([.. Enumerable.Repeat(canary, 2000).SelectMany(bytes => bytes)]);
        Assert.Equal(canary, await BoundedReader.ReadAsync(small, 256 * 1024, CancellationToken.None));
        Assert.Equal(24_000, (await BoundedReader.ReadAsync(large, 256 * 1024, CancellationToken.None))!.Length);
        foreach (int size in new[] { 4096, 8192, 16384, 32768 })
        {
            byte[] next = ArrayPool<byte>.Shared.Rent(size);
            Assert.True(next.AsSpan().IndexOf(canary) < 0, "A secret stayed in the pool.");
        }
    }

    [Theory]
    [Trait("Req", "R-040")]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task Limit_counts_to_the_byte(int beyond)
    {
        const int Limit = 5000;
        using ByteArrayContent content = new(new byte[Limit + beyond]);
        Assert.Equal(beyond > 0, await BoundedReader.ReadAsync(content, Limit, CancellationToken.None) is null);
    }
}
