using System.Text;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>A token endpoint without a network. Its token is valid for an hour and has a common length.</summary>
internal sealed class TokenEndpoint : HttpMessageHandler
{
    public static string Token { get; } = new('x', 800);

    private static string Json { get; } = $$"""{"access_token":"{{Token}}","token_type":"Bearer","expires_in":3600}""";

    public static TokenProvider CreateProvider() => TokenProvider.Create(Configure, new TokenEndpoint());

    public static void Configure(ClientCredentialsOptions options) =>
        (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage { Content = new StringContent(Json, Encoding.UTF8, "application/json") });
}
