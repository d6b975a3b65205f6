using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Reflection;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>A copy of your handler has all its settings. A property that the platform adds fails here.</summary>
public sealed class HandlerCopyTests
{
    private static readonly HeaderEncodingSelector<HttpRequestMessage> Latin1 = (_, _) => Encoding.Latin1;

    /// <summary>A value of each type that is not the default of any property.</summary>
    private static readonly Dictionary<Type, object> Samples = new()
    {
        [typeof(ClientCertificateOption)] = ClientCertificateOption.Automatic,
        [typeof(CookieContainer)] = new CookieContainer(),
        [typeof(DecompressionMethods)] = DecompressionMethods.Brotli,
        [typeof(DistributedContextPropagator)] = DistributedContextPropagator.CreatePassThroughPropagator(),
        [typeof(Func<HttpRequestMessage, X509Certificate2, X509Chain, SslPolicyErrors, bool>)] =
            (HttpRequestMessage _, X509Certificate2? _, X509Chain? _, SslPolicyErrors _) => false,
        [typeof(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>)] =
            (SocketsHttpConnectionContext _, CancellationToken _) => new ValueTask<Stream>(Stream.Null),
        [typeof(Func<SocketsHttpPlaintextStreamFilterContext, CancellationToken, ValueTask<Stream>>)] =
            (SocketsHttpPlaintextStreamFilterContext _, CancellationToken _) => new ValueTask<Stream>(Stream.Null),
        [typeof(HeaderEncodingSelector<HttpRequestMessage>)] = Latin1,
        [typeof(HttpKeepAlivePingPolicy)] = HttpKeepAlivePingPolicy.WithActiveRequests,
        [typeof(ICredentials)] = new NetworkCredential("user", "password"),
        [typeof(IMeterFactory)] = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(),
        [typeof(IWebProxy)] = new WebProxy("http://proxy.example.com:3128"),
        [typeof(SslClientAuthenticationOptions)] = new SslClientAuthenticationOptions(),
        [typeof(SslProtocols)] = SslProtocols.Tls13,
        [typeof(TimeSpan)] = TimeSpan.FromSeconds(77),
        [typeof(int)] = 77_777,
    };

    /// <summary>Settings that follow from another one, or that the platform ignores.</summary>
    private static readonly string[] WithoutEffect =
        [nameof(HttpClientHandler.MaxRequestContentBufferSize), nameof(HttpClientHandler.UseDefaultCredentials)];

    public static TheoryData<string> Settings =>
    [
        .. new[] { typeof(SocketsHttpHandler), typeof(HttpClientHandler) }.SelectMany(type => type.GetProperties()
            .Where(property => property.CanWrite && !WithoutEffect.Contains(property.Name))
            .Select(property => $"{type.Name}.{property.Name}")),
    ];

    [Theory]
    [Trait("Req", "R-358")]
    [MemberData(nameof(Settings))]
    public void A_copy_has_each_setting_of_the_original(string setting)
    {
        bool isSockets = setting.StartsWith(nameof(SocketsHttpHandler), StringComparison.Ordinal);
        using HttpMessageHandler original = isSockets ? new SocketsHttpHandler() : new HttpClientHandler();
        PropertyInfo property = original.GetType().GetProperty(setting.Split('.')[1])!;
        object value = property.GetValue(original) is bool isSet ? !isSet : Samples[property.PropertyType];
        property.SetValue(original, value);
        using HttpMessageHandler copy = HandlerCopy.TryCreate(original)!;
        Assert.NotSame(original, copy);
        Assert.Equal(value, property.GetValue(original));
        Assert.Equal(value, property.GetValue(copy));
    }

    [Fact]
    [Trait("Req", "R-358")]
    public void A_copy_has_the_certificates_of_the_original_in_a_list_of_its_own()
    {
        using X509Certificate2 certificate = Certificates.Create();
        using HttpClientHandler original = new() { ClientCertificates = { certificate } };
        using HttpClientHandler copy = Assert.IsType<HttpClientHandler>(HandlerCopy.TryCreate(original));
        Assert.Same(certificate, Assert.Single(copy.ClientCertificates));
        copy.ClientCertificates.Clear();
        Assert.Single(original.ClientCertificates);
    }

    [Theory]
    [Trait("Req", "R-358")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_has_sent_a_request_or_is_disposed_can_be_copied(bool isSockets)
    {
        await using LoopbackServer server = await LoopbackServer.StartTokenEndpointAsync();
        HttpMessageHandler original = isSockets ? new SocketsHttpHandler() : new HttpClientHandler();
        HttpClient first = new(original);
        (await first.GetAsync(server.Address)).Dispose();
        using HttpMessageHandler started = HandlerCopy.TryCreate(original)!;
        first.Dispose();
        using HttpClient second = new(HandlerCopy.TryCreate(original)!);
        using HttpResponseMessage response = await second.GetAsync(server.Address);
        Assert.Equal(2, server.Requests.Count);
    }
}
