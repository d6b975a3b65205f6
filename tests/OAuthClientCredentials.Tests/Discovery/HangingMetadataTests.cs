using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Metadata that does not come.</summary>
[Collection(nameof(Alone))]
public sealed class HangingMetadataTests
{
    [Fact]
    [Trait("Req", "R-191")]
    [Trait("Req", "R-225")]
    public async Task A_metadata_request_that_hung_once_is_not_waited_for_for_ever()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        using HttpMessageInvoker inner = new(server.CreateHandler());
        int metadata = 0;
        HostileHandler handler = new((request, cancellationToken) => request.Method == HttpMethod.Get && Interlocked.Increment(ref metadata) == 1
            ? new TaskCompletionSource<HttpResponseMessage>().Task
            : inner.SendAsync(request, cancellationToken));
        TokenProvider tokens = Hostile.Create(options => (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com"), handler, time);
        for (int round = 0; round < 3; round++)
        {
            Task call = tokens.GetTokenAsync().AsTask();
            await Hostile.PassAsync(time, call.ContinueWith(task => task.Exception), TimeSpan.FromMinutes(2));
            time.Advance(TimeSpan.FromMinutes(5));
        }

        Task<AccessToken> last = tokens.GetTokenAsync().AsTask();
        await Hostile.PassAsync(time, last.ContinueWith(task => task.Exception), TimeSpan.FromMinutes(2));
        Assert.True(
            last.IsCompletedSuccessfully,
            $"a quarter of an hour later: {last.Exception?.InnerException?.Message} Metadata requests: {metadata}");
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task While_the_metadata_cannot_be_refreshed_the_last_good_serves_every_request()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromMinutes(90) };
        using HttpMessageInvoker inner = new(server.CreateHandler());
        int metadata = 0;
        HostileHandler handler = new(async (request, cancellationToken) =>
        {
            if (request.Method == HttpMethod.Get && Interlocked.Increment(ref metadata) > 1)
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }

            return await inner.SendAsync(request, cancellationToken);
        });
        TokenProvider tokens = Hostile.Create(options => (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com"), handler, time);
        await tokens.GetTokenAsync();
        time.Advance(TimeSpan.FromHours(2));
        Task<AccessToken> call = tokens.GetTokenAsync().AsTask();
        await Hostile.PassAsync(time, call.ContinueWith(task => task.Exception), TimeSpan.FromMinutes(2));
        Assert.True(
            call.IsCompletedSuccessfully,
            $"the last good document was there, and the token endpoint is well: {call.Exception?.InnerException?.Message}");
    }

    [Fact]
    [Trait("Req", "R-092")]
    public async Task The_metadata_that_all_share_is_not_fetched_in_the_context_of_the_first_caller()
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        using HttpMessageInvoker inner = new(server.CreateHandler());
        string? seen = null;
        using OneClient client = new(
            new HostileHandler((request, cancellationToken) =>
            {
                seen = request.Method == HttpMethod.Get ? Ambient.Value : seen;
                return inner.SendAsync(request, cancellationToken);
            }),
            options => (options.TokenEndpoint, options.Authority) = (null, "https://id.example.com"));
        Ambient.Value = "the first caller's";
        await client.Tokens.RequestTokenAsync();
        Assert.Null(seen);
    }

    private static readonly AsyncLocal<string?> Ambient = new();
}
