using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using OAuthClientCredentials.IntegrationTests.Canaries;
using Yarp.ReverseProxy.Forwarder;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The handler of IHttpMessageHandlerFactory in SignalR and YARP: it attaches tokens and renews a rejected one .</summary>
[Trait("Req", "R-110")]
[Trait("Req", "R-330")]
public sealed class HandlerFactoryTests : CanaryTests
{
    private readonly ConcurrentQueue<int> _seen = new();

    [Theory]
    [InlineData(HttpTransportType.WebSockets, false)]
    [InlineData(HttpTransportType.WebSockets, true)]
    [InlineData(HttpTransportType.ServerSentEvents, false)]
    [InlineData(HttpTransportType.LongPolling, false)]
    public async Task SignalR_connects_with_tokens_and_renews_a_rejected_one(HttpTransportType transport, bool skipsNegotiation)
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("200"));
        await using WebApplication hub = await StartAsync(
            services => services.AddSignalR().AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolver = EchoJson.Default),
            application => application.MapHub<Echo>("/echo"));
        Uri address = new(hub.Urls.First());
        IHttpMessageHandlerFactory factory = BuildFactory(host, address);
        await using HubConnection connection = new HubConnectionBuilder()
            .AddJsonProtocol(json => json.PayloadSerializerOptions.TypeInfoResolver = EchoJson.Default)
            .WithUrl(new Uri(address, "/echo"), options =>
            {
                options.Transports = transport;
                options.SkipNegotiation = skipsNegotiation;
                options.HttpMessageHandlerFactory = _ => factory.CreateHandler("api");
                options.WebSocketFactory = async (context, cancellation) =>
                {
                    ClientWebSocket socket = new();
                    await socket.ConnectAsync(context.Uri, new HttpMessageInvoker(factory.CreateHandler("api"), false), cancellation);
                    return socket;
                };
            })
            .Build();
        await connection.StartAsync();
        Assert.StartsWith("hello to ", await connection.InvokeAsync<string>("Say", "hello"), StringComparison.Ordinal);
        Assert.Equal([1, 2], _seen.Take(2));
        Assert.DoesNotContain(_seen.Skip(2), token => token != 2);
    }

    [Fact]
    public async Task YARP_forwards_with_tokens_and_renews_a_rejected_one()
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("401 once"));
        IHttpMessageHandlerFactory factory = BuildFactory(host, host.Api.Address);
        await using WebApplication proxy = await StartAsync(
            services => services.AddHttpForwarder(),
            application => application.Map("/{**path}", async (HttpContext context, IHttpForwarder forwarder) =>
            {
                using HttpMessageInvoker invoker = new(factory.CreateHandler("api"), disposeHandler: false);
                await forwarder.SendAsync(context, host.Api.Address.ToString(), invoker);
            }),
            isProtected: false);
        using HttpClient caller = new() { BaseAddress = new(proxy.Urls.First()) };
        using HttpResponseMessage read = await caller.GetAsync("/orders");
        using HttpResponseMessage written = await caller.PostAsync("/orders", new StringContent("an order"));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (read.StatusCode, written.StatusCode));
        Assert.Equal([1, 2, 2], host.ApiTokens);
        Assert.Equal("an order", host.Api.Requests.Last().Text);
    }

    private static IHttpMessageHandlerFactory BuildFactory(TestHost host, Uri api)
    {
        ServiceProvider application = host.Build(services => services.AddHttpClient("api")
            .AddClientCredentialsHandler(configure: options => options.AllowedOrigins = [api.GetLeftPart(UriPartial.Authority)]));
        return application.GetRequiredService<IHttpMessageHandlerFactory>();
    }

    private async Task<WebApplication> StartAsync(
        Action<IServiceCollection> add,
        Action<WebApplication> map,
        bool isProtected = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        add(builder.Services);
        WebApplication application = builder.Build();
        application.UseWebSockets();
        if (isProtected)
        {
            application.Use(RejectFirstTokenAsync);
        }

        map(application);
        await application.StartAsync();
        return application;
    }

    private async Task RejectFirstTokenAsync(HttpContext context, RequestDelegate next)
    {
        int token = RecordedRequest.TokenOf(context.Request.Headers.Authorization);
        _seen.Enqueue(token);
        if (token != 2)
        {
            context.Response.StatusCode = 401;
            return;
        }

        await next(context);
    }

    private sealed class Echo : Hub
    {
        public string Say(string text) => $"{text} to {Context.ConnectionId}";
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class EchoJson : System.Text.Json.Serialization.JsonSerializerContext;
