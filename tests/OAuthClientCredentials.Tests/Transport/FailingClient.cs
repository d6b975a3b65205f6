using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>One token request that fails, with dependency injection or without it. The two must report the same error.</summary>
internal static class FailingClient
{
    /// <summary>Both ways to build a client, each with one retry.</summary>
    public static async Task<TokenRequestException> FailAsync(
        string address,
        Func<HttpMessageHandler> createHandler,
        Action<ClientCredentialsOptions>? configure = null)
    {
        void Configure(ClientCredentialsOptions options)
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (address, "shop", "secret");
            (options.MaxRetries, options.AllowInsecureHttp) = (1, true);
            configure?.Invoke(options);
        }

        using HttpMessageHandler handler = createHandler();
        await using TokenProvider provider = TokenProvider.Create(Configure, handler);
        TokenRequestException without = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.GetTokenAsync());

        ServiceCollection services = new();
        services.AddClientCredentials(Configure)
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(createHandler));
        await using ServiceProvider built = services.BuildServiceProvider();
        TokenRequestException with = await Assert.ThrowsAsync<TokenRequestException>(
            async () => await built.GetRequiredService<ITokenProvider>().GetTokenAsync());

        Assert.Equal(Describe(with), Describe(without));
        return with;
    }

    /// <summary>The same at discovery: the metadata is requested from the address.</summary>
    public static Task<TokenRequestException> FailAtDiscoveryAsync(string address, Func<HttpMessageHandler> createHandler) =>
        FailAsync(
            address,
            createHandler,
            options => (options.TokenEndpoint, options.Authority, options.MetadataAddress) = (null, address, address));

    private static (string Message, string? Kind, bool IsTransient, int? Status, int Attempts) Describe(TokenRequestException error) =>
        (error.BaseMessage, error.Kind, error.IsTransient, (int?)error.StatusCode, error.Attempts);
}
