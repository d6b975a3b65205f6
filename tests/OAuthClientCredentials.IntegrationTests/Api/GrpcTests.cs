using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>A client of the gRPC client factory with a gRPC server over HTTP/2 .</summary>
public sealed class GrpcTests : CanaryTests
{
    private readonly TestAuthorizationServer _tokens = new();
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly WebApplication _server;
    private int _rejectedToken;

    public GrpcTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        _server = builder.Build();
        _server.Use(async (context, next) =>
        {
            string authorization = context.Request.Headers.Authorization.ToString();
            _seen.Enqueue(authorization);
            if (_rejectedToken > 0 && authorization == $"Bearer {Canary.Marker}-{_rejectedToken}")
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
                return;
            }

            await next(context);
        });
        _server.MapGrpcService<AlwaysServing>();
        int number = 0;
        _tokens.Always(_ => TestResponse.Token(value: $"{Canary.Marker}-{++number}"));
    }

    public override Task InitializeAsync() => _server.StartAsync();

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _tokens.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Unary_and_streaming_calls_carry_the_token()
    {
        await using ServiceProvider application = Build();
        Health.HealthClient client = application.GetRequiredService<Health.HealthClient>();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await client.CheckAsync(new())).Status);
        using AsyncServerStreamingCall<HealthCheckResponse> watch = client.Watch(new());
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.False(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal([$"Bearer {Canary.Marker}-1", $"Bearer {Canary.Marker}-1"], _seen);
        _tokens.Verify(1);
    }

    [Theory]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-330")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rejected_token_is_renewed_and_buffered_content_is_sent_again(bool isBuffered)
    {
        await using ServiceProvider application = Build(options => options.BufferRequestContent = isBuffered);
        Health.HealthClient client = application.GetRequiredService<Health.HealthClient>();
        _rejectedToken = 1;
        if (!isBuffered)
        {
            RpcException rejected = await Assert.ThrowsAsync<RpcException>(async () => await client.CheckAsync(new()));
            Assert.Equal(StatusCode.Unauthenticated, rejected.StatusCode);
        }

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await client.CheckAsync(new() { Service = "orders" })).Status);
        Assert.Equal([$"Bearer {Canary.Marker}-1", $"Bearer {Canary.Marker}-2"], _seen);
        _tokens.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-067")]
    [Trait("Req", "R-330")]
    public async Task Without_a_token_the_call_fails_with_TokenRequestException()
    {
        await using ServiceProvider application = Build();
        _tokens.Always(TestResponse.Error("invalid_client"));
        RpcException failed = await Assert.ThrowsAsync<RpcException>(
            async () => await application.GetRequiredService<Health.HealthClient>().CheckAsync(new()));
        Assert.IsType<TokenRequestException>(failed.Status.DebugException);
        Assert.Empty(_seen);
    }

    private ServiceProvider Build(Action<AccessTokenHandlerOptions>? configure = null)
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Canary.Listeners.Logger));
        services.AddClientCredentials(
            options => (options.Authority, options.ClientId, options.ClientSecret) = ("https://id.example.com", "shop", Canary.Marker));
        services.AddGrpcClient<Health.HealthClient>(options => options.Address = new(_server.Urls.First()))
            .AddClientCredentialsHandler(configure: options =>
        {
            options.AllowedOrigins = [_server.Urls.First()];
            configure?.Invoke(options);
        });
        return services.UseTestAuthorizationServer(_tokens)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    private sealed class AlwaysServing : Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
            Task.FromResult(Serving());

        public override async Task Watch(
            HealthCheckRequest request,
            IServerStreamWriter<HealthCheckResponse> responseStream,
            ServerCallContext context)
        {
            await responseStream.WriteAsync(Serving());
            await responseStream.WriteAsync(Serving());
        }

        private static HealthCheckResponse Serving() => new() { Status = HealthCheckResponse.Types.ServingStatus.Serving };
    }
}
