using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>The HttpClients of a provider without dependency injection: which are shared, and when they are disposed.</summary>
public sealed class TokenTransportsTests
{
    [Fact]
    [Trait("Req", "R-152")]
    public void Each_certificate_has_its_own_connections()
    {
        using X509Certificate2 first = Certificates.Create("first");
        using X509Certificate2 second = Certificates.Create("second");
        using TokenTransports transports = new(null, "tokens", NullLogger.Instance);
        HttpClient plain = transports.For(null);
        HttpClient one = transports.For(new TlsCertificate(first, []));
        Assert.Same(plain, transports.For(null));
        Assert.NotSame(plain, one);
        Assert.Same(one, transports.For(new TlsCertificate(first, [])));
        Assert.NotSame(one, transports.For(new TlsCertificate(second, [])));
    }

    [Fact]
    public async Task Your_handler_is_not_changed_and_outlives_the_provider()
    {
        using X509Certificate2 certificate = Certificates.Create();
        using RecordingHandler server = new();
        TokenTransports transports = new(server, "tokens", NullLogger.Instance);
        HttpClient client = transports.For(new TlsCertificate(certificate, []));
        Assert.Same(transports.For(null), client);
        transports.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetAsync(new Uri(TestProvider.TokenEndpoint)));
        using HttpClient another = new(server, disposeHandler: false);
        Assert.True((await another.PostAsync(new Uri(TestProvider.TokenEndpoint), new StringContent(""))).IsSuccessStatusCode);
    }

    [Theory]
    [Trait("Req", "R-103")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Own_connections_end_with_the_provider(bool showsCertificate)
    {
        using X509Certificate2 certificate = Certificates.Create();
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Features.Get<IConnectionLifetimeFeature>()!.ConnectionClosed.Register(closed.SetResult);
            return context.Response.WriteAsync("{}");
        });
        TokenTransports transports = new(null, "tokens", NullLogger.Instance);
        (await transports.For(showsCertificate ? new TlsCertificate(certificate, []) : null).GetAsync(server.Address)).Dispose();
        Assert.False(closed.Task.IsCompleted);
        transports.Dispose();
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
