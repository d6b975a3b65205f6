using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>What a 401 costs: token requests, connections, and requests to addresses that it names.</summary>
public sealed class UnauthorizedTests
{
    [Fact]
    [Trait("Req", "R-117")]
    public async Task A_thousand_parallel_401s_of_one_token_cost_one_token_request()
    {
        // Each 401 is sent after the thousandth request, so that all requests carry the first token.
        int sends = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TestAuthorizationServer server = new();
        await using ApiClient api = new(server, async request =>
        {
            if (Interlocked.Increment(ref sends) == 1000)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
            return await ApiClient.RejectFirstToken(request);
        });
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => api.Http.GetAsync("/")));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(2000, sends);
        server.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task Discarded_responses_give_their_connections_back()
    {
        int sends = 0;
        await using TestHost api = await TestHost.StartAsync(
            async context =>
            {
                context.Response.StatusCode = ++sends % 2 == 1 ? 401 : 200;
                await context.Response.WriteAsync(new string('x', 20_000));
            },
            more: services => services.AddSingleton<ITokenProvider>(new NumberedTokens()));
        HttpClient client = api.Client;
        for (int call = 0; call < 200; call++)
        {
            using HttpResponseMessage response = await client.GetAsync("/");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal(400, sends);
        Assert.InRange(api.Server.Connections.Count, 1, 3);
    }

    [Fact]
    [Trait("Req", "R-133")]
    public async Task Addresses_in_a_challenge_are_not_requested()
    {
        await using LoopbackServer elsewhere = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        string[] names = ["authorization_uri", "resource_metadata", "realm"];
        string challenge = $"Bearer {string.Join(", ", names.Select(name => $"{name}=\"{elsewhere.Address}\""))}";
        await using TestHost api = await TestHost.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization == "Bearer token-1" ? 401 : 200;
            context.Response.Headers.WWWAuthenticate = challenge;
            return Task.CompletedTask;
        });
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, api.Tokens.Requests.Count);
        Assert.Empty(elsewhere.Requests);
    }
}
