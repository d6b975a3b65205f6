using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>Answers every token request from memory.</summary>
internal sealed class StubTokenEndpoint : HttpMessageHandler
{
    public const string Token = "2YotnFZFEjr1zCsicMWpAA2YotnFZFEjr1zCsicMWpAA";

    /// <summary>The client <c>orders</c>, registered as an application would.</summary>
    public static IServiceCollection AddOrders(IServiceCollection services)
    {
        services.AddClientCredentials("orders", options =>
        {
            options.TokenEndpoint = "https://id.example.com/token";
            options.ClientId = "shop";
            options.ClientSecret = "secret";
        }).ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new StubTokenEndpoint()));
        return services;
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent($$"""{"access_token":"{{Token}}","token_type":"Bearer","expires_in":86400}""", Encoding.UTF8, "application/json"),
            RequestMessage = request,
        });
}
