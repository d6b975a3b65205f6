using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>A redirect with a retry around it is how rivals lost tokens (azure-sdk-for-net PR 59606).</summary>
public sealed class RedirectTests
{
    public static TheoryData<string, bool> Outsides
    {
        get
        {
            TheoryData<string, bool> data = [];
            foreach (string outside in new[] { "nothing", "standard resilience", "hedging" })
            {
                data.Add(outside, true);
                data.Add(outside, false);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-113")]
    [MemberData(nameof(Outsides))]
    public async Task A_redirect_to_another_origin_takes_no_token_along(string outside, bool hasBaseAddress)
    {
        await using LoopbackServer tokens = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer other = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await using LoopbackServer api = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Redirect(new Uri(other.Address, "/taken").ToString());
            return Task.CompletedTask;
        });
        await using ServiceProvider services = Services(tokens, api.Address, outside, hasBaseAddress);
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");

        for (int call = 0; call < 5; call++)
        {
            try
            {
                using HttpResponseMessage response = await client.GetAsync(new Uri(api.Address, "/orders"));
                Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            }
            catch (Exception exception) when (
                exception is HttpRequestException or OriginNotAllowedException or Polly.CircuitBreaker.BrokenCircuitException)
            {
                // What the layers around make of it is theirs; nothing may reach the other origin.
            }
        }

        Assert.NotEmpty(other.Arrivals);
        Assert.All(other.Arrivals, arrival => Assert.Null(arrival.Authorization));
        Assert.All(api.Arrivals, arrival => Assert.Equal("Bearer token-1", arrival.Authorization));
    }

    [Theory]
    [Trait("Req", "R-001")]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_from_the_token_endpoint_is_an_error_and_never_followed(int status)
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(context => Task.CompletedTask);
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = new Uri(other.Address, "/token").ToString();
            return Task.CompletedTask;
        });
        await using LoopbackServer api = await LoopbackServer.StartAsync(context => Task.CompletedTask);
        await using ServiceProvider services = Services(tokens, api.Address, "nothing");
        HttpClient client = services.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => client.GetAsync("/orders"));
        Assert.Contains(
            $"redirect ({status}) to {other.Address.GetLeftPart(UriPartial.Authority)}",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("/token,", exception.Message, StringComparison.Ordinal);
        Assert.Single(tokens.Arrivals);
        Assert.Empty(other.Arrivals);
        Assert.Empty(api.Arrivals);
    }

    private static ServiceProvider Services(LoopbackServer tokens, Uri api, string outside, bool hasBaseAddress = true)
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            options.TokenEndpoint = new Uri(tokens.Address, "/token").ToString();
            options.ClientId = "shop";
            options.ClientSecret = "secret";
        });
        IHttpClientBuilder builder = services.AddHttpClient("api", client => client.BaseAddress = hasBaseAddress ? api : null)
            .AddClientCredentialsHandler(
                configure: options => options.AllowedOrigins = hasBaseAddress ? [] : [api.GetLeftPart(UriPartial.Authority)]);
        if (outside == "standard resilience")
        {
            builder.AddStandardResilienceHandler(options =>
            {
                options.Retry.Delay = TimeSpan.FromMilliseconds(1);
                options.Retry.BackoffType = Polly.DelayBackoffType.Constant;
            });
        }
        else if (outside == "hedging")
        {
            builder.AddStandardHedgingHandler().Configure(options => options.Hedging.Delay = TimeSpan.FromMilliseconds(1));
        }

        return services.BuildServiceProvider();
    }
}
