using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>A provider of one client over a scripted endpoint and fake clocks.</summary>
internal sealed class Provider : IAsyncDisposable
{
    public Provider(Action<ClientCredentialsOptions>? configure = null)
    {
        Endpoint = new(Time);
        Tokens = TokenProvider.Create(
            options =>
            {
                options.TokenEndpoint = "https://id.example.com/token";
                options.ClientId = "shop";
                options.ClientSecret = "secret";
                options.MaxRetries = 0;
                configure?.Invoke(options);
            },
            Endpoint.CreateHandler(),
            Time);
    }

    public TestAuthorizationServer Endpoint { get; }

    public TestTimeProvider Time { get; } = new();

    public TokenProvider Tokens { get; }

    public async Task<string> GetAsync() => (await Tokens.GetTokenAsync()).Value;

    /// <summary>Gets a token and lets a renewal that this started come to its end.</summary>
    public async Task<string> GetAndSettleAsync(int requests)
    {
        string token = await GetAsync();
        await Eventually.True(() => Endpoint.Requests.Count == requests);
        await SettleAsync();
        return token;
    }

    /// <summary>Waits until no flight is under way: then the state machine stands still.</summary>
    public Task SettleAsync() => Eventually.True(() => !Tokens.IsInFlight());

    public ValueTask DisposeAsync() => Tokens.DisposeAsync();
}
