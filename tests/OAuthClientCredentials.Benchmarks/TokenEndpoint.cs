using System.Text;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>A token endpoint without a network: an hour-long token of a common length.</summary>
internal sealed class TokenEndpoint : HttpMessageHandler
{
    public static string Token { get; } = new('x', 800);

    public static TokenProvider Provide() =>
        TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret"),
            new TokenEndpoint());

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage { Content = new StringContent($$"""{"access_token":"{{Token}}","token_type":"Bearer","expires_in":3600}""", Encoding.UTF8, "application/json") });
}
