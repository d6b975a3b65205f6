using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

[Collection(nameof(Alone))]
public sealed class ManySourcesTests
{
    [Fact]
    [Trait("Req", "R-302")]
    public async Task A_source_costs_at_most_700_bytes_beyond_the_token_text()
    {
        const int Count = 9_000;
        await using TokenProvider tokens = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"),
            new Endless());
        TokenRequest[] requests = [.. Enumerable.Range(0, Count).Select(number => new TokenRequest { Audience = $"{number}" })];
        await tokens.GetTokenAsync();
        long before = GC.GetTotalMemory(forceFullCollection: true);
        foreach (TokenRequest request in requests)
        {
            await tokens.GetTokenAsync(request: request);
        }

        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;

        // 800 characters as a string; the header keeps the same string.
        const int Token = 22 + (2 * 800);
        Assert.InRange(bytes - Token, 100, 700);
        GC.KeepAlive(requests);
    }

    /// <summary>Keeps no book of what it issued, which would be measured too.</summary>
    private sealed class Endless : HttpMessageHandler
    {
        private int _number;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(Respond.Token($"{Interlocked.Increment(ref _number):D800}", 3600));
    }
}
