using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Metadata requests that never complete, and the context in which they are sent.</summary>
[Collection(nameof(Alone))]
public sealed class HangingMetadataTests
{
    private static readonly AsyncLocal<string?> Ambient = new();

    [Fact]
    [Trait("Req", "R-191")]
    [Trait("Req", "R-225")]
    public async Task Metadata_request_that_hung_once_does_not_block_later_calls()
    {
        await using TestProvider provider = Create((read, _) => read == 1 ? new TaskCompletionSource().Task : Task.CompletedTask);
        Task<TokenRequestException> first = provider.FailAsync();
        await provider.Time.AdvanceUntilAsync(first, TimeSpan.FromSeconds(1));
        await first;
        provider.Time.Advance(TimeSpan.FromMinutes(5));
        Task<string> second = provider.GetAsync();
        await provider.Time.AdvanceUntilAsync(second, TimeSpan.FromSeconds(1));
        Assert.Equal("token-1", await second);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Last_document_serves_every_request_while_the_refresh_hangs()
    {
        await using TestProvider provider = Create(
            (read, cancellationToken) => read == 1 ? Task.CompletedTask : Task.Delay(Timeout.Infinite, cancellationToken));
        await provider.GetAsync();
        provider.Time.Advance(TimeSpan.FromHours(2));
        Task<string> second = provider.GetAsync();
        await provider.Time.AdvanceUntilAsync(second, TimeSpan.FromSeconds(1));
        Assert.Equal("token-2", await second);
    }

    [Fact]
    [Trait("Req", "R-092")]
    public async Task Shared_metadata_is_not_read_in_the_context_of_the_first_caller()
    {
        string? seen = "nothing was read";
        await using TestProvider provider = Create((_, _) =>
        {
            seen = Ambient.Value;
            return Task.CompletedTask;
        });
        Ambient.Value = "the first caller's";
        await provider.Services.GetRequiredService<TokenClient>().RequestTokenAsync();
        Assert.Null(seen);
    }

    // Each metadata request, by its number, waits for a task first.
    private static TestProvider Create(Func<int, CancellationToken, Task> read)
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        HttpMessageInvoker inner = new(server.CreateHandler());
        int reads = 0;
        StubHandler handler = new(async (request, cancellationToken) =>
        {
            if (request.Method == HttpMethod.Get)
            {
                await read(++reads, cancellationToken);
            }

            return await inner.SendAsync(request, cancellationToken);
        });
        return new(options => (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com"), server, handler);
    }
}
