using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>What OAuth 2.1 changes for a client of this grant.</summary>
public sealed class OAuth21Tests
{
    [Fact]
    [Trait("Req", "R-236")]
    public async Task The_grant_is_client_credentials_and_the_token_is_in_the_header_only()
    {
        (Uri? Address, string? Authorization, HttpContent? Content) call = default;
        string form = "";
        using StubHandler server = new(async (request, _) =>
        {
            form = await request.Content!.ReadAsStringAsync(CancellationToken.None);
            return Respond.Json(HttpStatusCode.OK, """{"access_token":"abc","token_type":"bEARER","expires_in":3600}""");
        });
        using StubHandler api = new(request =>
        {
            call = (request.RequestUri, request.Headers.Authorization?.ToString(), request.Content);
            return new HttpResponseMessage(HttpStatusCode.OK);
        });
        await using TestProvider provider = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "orders");
                services.AddHttpClient("orders", client => client.BaseAddress = new("https://orders.example.com"))
                    .AddClientCredentialsHandler("orders")
                    .ConfigurePrimaryHttpMessageHandler(() => api);
            },
            handler: server);
        HttpClient client = provider.Services.GetRequiredService<IHttpClientFactory>().CreateClient("orders");
        using HttpResponseMessage response = await client.GetAsync(new Uri("/orders?page=2", UriKind.Relative));
        Assert.Equal("grant_type=client_credentials", form);
        Assert.Equal("https://orders.example.com/orders?page=2", call.Address?.AbsoluteUri);
        Assert.Null(call.Content);
        Assert.Equal("Bearer abc", call.Authorization);
    }
}
