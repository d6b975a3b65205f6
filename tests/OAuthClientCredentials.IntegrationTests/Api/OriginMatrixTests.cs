using System.Net.Sockets;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>
/// Addresses that look like the API's and are not, and the other way round. Each name is resolved to this machine, so that every request
/// arrives.
/// </summary>
public sealed class OriginMatrixTests : CanaryTests
{
    private const string Api = "http://api.example.com:PORT/v1/";
    private const string Idn = "http://b\u00fccher.example:PORT/v1/";

    /// <summary>The API's address, the address called, and whether it gets a token. PORT is the API's port, OTHER another one.</summary>
    private static readonly (string Api, string Called, bool IsAllowed)[] Addresses =
    [
        (Api, "orders", true),
        (Api, "http://api.example.com:PORT/v1/orders", true),
        (Api, "HTTP://API.Example.COM:PORT/v1/orders", true),
        (Api, "http://user:pass@api.example.com:PORT/v1/orders", true),
        (Api, "http://evil.example@api.example.com:PORT/v1/orders", true),
        (Api, "http://api.example.com:PORT/v1/?http://evil.example/", true),
        (Api, "http://api.example.com:PORT\\v1\\orders", false),
        (Api, "http://api\u3002example\uff0ecom:PORT/v1/orders", true),
        (Api, "http://\uff41\uff50\uff49.example.com:PORT/v1/orders", true),
        (Api, "http://evil.example:PORT/v1/orders", false),
        (Api, "http://api.example.com:OTHER/v1/orders", false),
        (Api, "http://api.example.com@evil.example:PORT/v1/orders", false),
        (Api, "http://api.example.com:PORT@evil.example:PORT/v1/orders", false),
        (Api, "http://api.example.com%40evil.example:PORT/v1/orders", false),
        (Api, "http://evil.example:PORT/v1/\\@api.example.com:PORT/", false),
        (Api, "http://evil.example:PORT/v1/#@api.example.com:PORT/", false),
        (Api, "http://evil.example:PORT/v1/?@api.example.com", false),
        (Api, "http://api.example.com.evil.example:PORT/v1/orders", false),
        (Api, "http://evilapi.example.com:PORT/v1/orders", false),
        (Api, "http://evil.api.example.com:PORT/v1/orders", false),
        (Api, "http://example.com:PORT/v1/orders", false),
        (Api, "http://api.example.com.:PORT/v1/orders", false),
        (Api, "http://\u0430pi.example.com:PORT/v1/orders", false),
        (Api, "http://api.ex\u00e4mple.com:PORT/v1/orders", false),
        (Api, "http://127.0.0.1:PORT/v1/orders", false),
        (Api, "http://0x7f.1:PORT/v1/orders", false),
        (Api, "http://localhost:PORT/v1/orders", false),
        (Api, "http://[::1]:PORT/v1/orders", false),
        (Api, "//evil.example:PORT/v1/orders", false),
        (Api, "/\\evil.example:PORT/v1/orders", false),
        (Idn, "http://xn--bcher-kva.example:PORT/v1/orders", true),
        (Idn, "http://B\u00dcCHER.example:PORT/v1/orders", true),
        (Idn, "http://bu\u0308cher.example:PORT/v1/orders", true),
        (Idn, "http://bucher.example:PORT/v1/orders", false),
        (Idn, "http://xn--bcher-kvb.example:PORT/v1/orders", false),
        ("http://127.0.0.1:PORT/v1/", "http://0x7f.1:PORT/v1/orders", true),
        ("http://127.0.0.1:PORT/v1/", "http://127.0.0.2:PORT/v1/orders", false),
        ("http://127.0.0.1:PORT/v1/", "http://[::ffff:127.0.0.1]:PORT/v1/orders", false),
    ];

    public static TheoryData<string, string, string, bool> Cases
    {
        get
        {
            TheoryData<string, string, string, bool> data = [];
            foreach ((string api, string called, bool isAllowed) in Addresses)
            {
                foreach (string kind in HttpClientKinds.All)
                {
                    data.Add(kind, api, called, isAllowed);
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-111")]
    [MemberData(nameof(Cases))]
    public async Task A_token_goes_to_the_API_only_and_no_request_goes_elsewhere(string kind, string api, string called, bool isAllowed)
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("200"));
        Uri address = new(Fill(api, host));
        string target = Fill(called, host);
        HttpClient client = CreateClient(host, kind, address);
        Exception? refused = await Record.ExceptionAsync(async () => (await client.GetAsync(target)).Dispose());
        Assert.All(host.Api.Requests, received => Assert.Equal((address.IdnHost, 1), (received.Host, received.Token)));
        Assert.Empty(host.Other.Requests);
        Assert.Equal(host.Api.Requests.Count, host.TokenRequests);
        if (isAllowed)
        {
            Assert.Null(refused);
            Assert.Single(host.Api.Requests);
        }
        else if (refused is not OriginNotAllowedException && host.Api.Requests.IsEmpty)
        {
            // The platform does not take every address as an http address.
            bool isHttp = called.StartsWith("http://", StringComparison.Ordinal) && Uri.TryCreate(target, UriKind.Absolute, out _);
            Assert.False(isHttp, $"{refused}");
        }
    }

    private static string Fill(string address, TestHost host) => address
        .Replace("PORT", $"{host.Api.Address.Port}", StringComparison.Ordinal)
        .Replace("OTHER", $"{host.Other.Address.Port}", StringComparison.Ordinal);

    private static HttpClient CreateClient(TestHost host, string kind, Uri address)
    {
        string[] allowed = kind == "AllowedOrigins" ? [address.GetLeftPart(UriPartial.Authority)] : [];
        ServiceProvider application = host.Build(
            services => HttpClientKinds.Add(services, kind, address)
                .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { ConnectCallback = ConnectHereAsync })
                .AddClientCredentialsHandler(configure: options => options.AllowedOrigins = allowed),
            options => options.AllowInsecureHttp = true);
        HttpClient client = HttpClientKinds.Create(application, kind);
        client.BaseAddress ??= address;
        return client;
    }

    private static async ValueTask<Stream> ConnectHereAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", context.DnsEndPoint.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
