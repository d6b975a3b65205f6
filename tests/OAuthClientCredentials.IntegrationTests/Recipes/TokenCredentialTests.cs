using Azure.Core;
using Azure.Core.Pipeline;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The TokenCredential recipe in a pipeline of Azure.Core.</summary>
public sealed class TokenCredentialTests : CanaryTests
{
    [Theory]
    [Trait("Req", "R-330")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_pipeline_of_Azure_Core_requests_its_scope_and_caches_the_token(bool isAsync)
    {
        await using RecipeHost host = new();
        ITokenProvider tokens = host.Tokens;

        TokenCredential credential = DelegatedTokenCredential.Create(
            (context, cancellationToken) => GetTokenAsync(context, cancellationToken).AsTask().GetAwaiter().GetResult(),
            GetTokenAsync);

        async ValueTask<Azure.Core.AccessToken> GetTokenAsync(TokenRequestContext context, CancellationToken cancellationToken)
        {
            var request = new TokenRequest { Scopes = context.Scopes };
            var token = await tokens.GetTokenAsync("orders", request, cancellationToken);
            return new Azure.Core.AccessToken(token.Value, token.ExpiresAt);
        }

        using TestApi api = host.Server.CreateApi();
        HttpPipeline pipeline = HttpPipelineBuilder.Build(
            new OrdersClientOptions { Transport = new HttpClientTransport(api) },
            new BearerTokenAuthenticationPolicy(credential, "orders.read"));
        Assert.Equal(200, await SendAsync(pipeline, isAsync));
        Assert.Equal(200, await SendAsync(pipeline, isAsync));
        host.Server.Verify(1);
        Assert.Equal(["orders.read"], host.Server.Requests[0].Scopes);
    }

    // A pipeline of Azure.Core sends the caller's token to https addresses only.
    private static async Task<int> SendAsync(HttpPipeline pipeline, bool isAsync)
    {
        using HttpMessage message = pipeline.CreateMessage();
        message.Request.Uri.Reset(new Uri("https://orders.example.com/"));
        if (isAsync)
        {
            await pipeline.SendAsync(message, CancellationToken.None);
        }
        else
        {
            pipeline.Send(message, CancellationToken.None);
        }

        return message.Response.Status;
    }

    private sealed class OrdersClientOptions : ClientOptions;
}
