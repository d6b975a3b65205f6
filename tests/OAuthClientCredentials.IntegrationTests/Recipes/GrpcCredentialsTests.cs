using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The recipe of gRPC call credentials with a server over TLS, which they require.</summary>
public sealed class GrpcCredentialsTests : CanaryTests
{
    private readonly ConcurrentQueue<string> _seen = new();
    private readonly RecipeHost _host = new();
    private readonly WebApplication _server;

    public GrpcCredentialsTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port =>
        {
            port.Protocols = HttpProtocols.Http2;
            port.UseHttps(CreateCertificate());
        }));
        builder.Services.AddGrpc();
        _server = builder.Build();
        _server.Use((context, next) =>
        {
            _seen.Enqueue(context.Request.Headers.Authorization.ToString());
            return next(context);
        });
        _server.MapGrpcService<AlwaysServing>();
    }

    public override Task InitializeAsync() => _server.StartAsync();

    public override async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _host.DisposeAsync();
        await base.DisposeAsync();
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task Call_credentials_ask_for_the_token_at_each_call()
    {
        ITokenProvider tokens = _host.Tokens;
        CallCredentials token = CallCredentials.FromInterceptor(async (context, metadata) =>
        {
            AccessToken current = await tokens.GetTokenAsync("orders", context.CancellationToken);
            metadata.Add("Authorization", current.AuthorizationHeader.ToString());
        });
        GrpcChannelOptions options = new() { Credentials = ChannelCredentials.Create(ChannelCredentials.SecureSsl, token) };

        options.HttpHandler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        options.DisposeHttpClient = true;
        using GrpcChannel channel = GrpcChannel.ForAddress(_server.Urls.First(), options);
        Health.HealthClient client = new(channel);
        await client.CheckAsync(new());
        await client.CheckAsync(new());
        tokens.Forget("orders");
        await client.CheckAsync(new());
        Assert.Equal([1, 1, 2], _seen.Select(RecordedRequest.TokenOf));
    }

    private static X509Certificate2 CreateCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class AlwaysServing : Health.HealthBase
    {
        public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
            Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving });
    }
}
