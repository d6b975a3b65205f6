using System.Net.Sockets;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Addresses that look like the API's and are not, and the other way round. Every name leads to this machine, so that whatever is sent arrives.</summary>
public sealed class OriginMatrixTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    private const string Api = "http://api.example.com:PORT/ID/";
    private const string Idn = "http://b\u00fccher.example:PORT/ID/";

    /// <summary>The API's address, the address called, and whether a token may go there. PORT is the API's, OTHER another's.</summary>
    private static readonly (string Api, string Called, bool IsAllowed)[] Addresses =
    [
        (Api, "orders", true),
        (Api, "http://api.example.com:PORT/ID/orders", true),
        (Api, "HTTP://API.Example.COM:PORT/ID/orders", true),
        (Api, "http://user:pass@api.example.com:PORT/ID/orders", true),
        (Api, "http://evil.example@api.example.com:PORT/ID/orders", true),
        (Api, "http://api.example.com:PORT/ID/?http://evil.example/", true),
        (Api, "http://api.example.com:PORT\\ID\\orders", false),
        (Api, "http://api\u3002example\uff0ecom:PORT/ID/orders", true),
        (Api, "http://\uff41\uff50\uff49.example.com:PORT/ID/orders", true),
        (Api, "http://evil.example:PORT/ID/orders", false),
        (Api, "http://api.example.com:OTHER/ID/orders", false),
        (Api, "http://api.example.com@evil.example:PORT/ID/orders", false),
        (Api, "http://api.example.com:PORT@evil.example:PORT/ID/orders", false),
        (Api, "http://api.example.com%40evil.example:PORT/ID/orders", false),
        (Api, "http://evil.example:PORT/ID/\\@api.example.com:PORT/", false),
        (Api, "http://evil.example:PORT/ID/#@api.example.com:PORT/", false),
        (Api, "http://evil.example:PORT/ID/?@api.example.com", false),
        (Api, "http://api.example.com.evil.example:PORT/ID/orders", false),
        (Api, "http://evilapi.example.com:PORT/ID/orders", false),
        (Api, "http://evil.api.example.com:PORT/ID/orders", false),
        (Api, "http://example.com:PORT/ID/orders", false),
        (Api, "http://api.example.com.:PORT/ID/orders", false),
        (Api, "http://\u0430pi.example.com:PORT/ID/orders", false),
        (Api, "http://api.ex\u00e4mple.com:PORT/ID/orders", false),
        (Api, "http://127.0.0.1:PORT/ID/orders", false),
        (Api, "http://0x7f.1:PORT/ID/orders", false),
        (Api, "http://localhost:PORT/ID/orders", false),
        (Api, "http://[::1]:PORT/ID/orders", false),
        (Api, "//evil.example:PORT/ID/orders", false),
        (Api, "/\\evil.example:PORT/ID/orders", false),
        (Idn, "http://xn--bcher-kva.example:PORT/ID/orders", true),
        (Idn, "http://B\u00dcCHER.example:PORT/ID/orders", true),
        (Idn, "http://bu\u0308cher.example:PORT/ID/orders", true),
        (Idn, "http://bucher.example:PORT/ID/orders", false),
        (Idn, "http://xn--bcher-kvb.example:PORT/ID/orders", false),
        ("http://127.0.0.1:PORT/ID/", "http://0x7f.1:PORT/ID/orders", true),
        ("http://127.0.0.1:PORT/ID/", "http://127.0.0.2:PORT/ID/orders", false),
        ("http://127.0.0.1:PORT/ID/", "http://[::ffff:127.0.0.1]:PORT/ID/orders", false),
    ];

    public static TheoryData<string, string, string, bool> Cells
    {
        get
        {
            TheoryData<string, string, string, bool> data = [];
            foreach ((string api, string called, bool isAllowed) in Addresses)
            {
                foreach (string kind in new[] { "named", "typed", "constructor", "AllowedOrigins" })
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
    [MemberData(nameof(Cells))]
    public async Task A_token_goes_to_the_APIs_origin_and_nothing_at_all_goes_elsewhere(string kind, string api, string called, bool isAllowed)
    {
        await using Scene scene = ground.Open(Answers.Of("200"));
        Uri address = new(Fill(api, scene));
        Exception? refused = await Record.ExceptionAsync(async () => (await Client(scene, kind, address).GetAsync(Fill(called, scene))).Dispose());
        if (isAllowed)
        {
            Assert.Null(refused);
            Assert.Equal((address.IdnHost, 1), (scene.Arrivals.Single().Host, scene.Arrivals.Single().Token));
        }
        else
        {
            // Some addresses are no http addresses at all for the platform, or are resolved below the API's own; either way nothing goes astray.
            Assert.All(scene.Arrivals, arrival => Assert.Equal((address.IdnHost, Place.Api), (arrival.Host, arrival.Place)));
            Assert.True(refused is OriginNotAllowedException || scene.Arrivals.Count == 1 || called[..7] != "http://" || !Uri.TryCreate(Fill(called, scene), UriKind.Absolute, out _), $"{refused}");
        }

        Assert.Equal(scene.Arrivals.Count, scene.TokenRequests);
    }

    private static string Fill(string address, Scene scene) => address
        .Replace("PORT", $"{scene.At(Place.Api).Port}", StringComparison.Ordinal)
        .Replace("OTHER", $"{scene.At(Place.Other).Port}", StringComparison.Ordinal)
        .Replace("ID", scene.At(Place.Api).AbsolutePath.Trim('/'), StringComparison.Ordinal);

    private static HttpClient Client(Scene scene, string kind, Uri address)
    {
        ServiceProvider application = scene.Build(
            services =>
            {
                services.AddSingleton(address);
                Add(kind switch
                {
                    "named" => services.AddHttpClient("api", client => client.BaseAddress = address),
                    "typed" => services.AddHttpClient<Typed>(client => client.BaseAddress = address),
                    "constructor" => services.AddHttpClient<Constructed>(),
                    _ => services.AddHttpClient("api"),
                });
            },
            options => options.AllowInsecureHttp = true);
        HttpClient client = kind switch
        {
            "typed" => application.GetRequiredService<Typed>().Client,
            "constructor" => application.GetRequiredService<Constructed>().Client,
            _ => application.GetRequiredService<IHttpClientFactory>().CreateClient("api"),
        };
        client.BaseAddress ??= address;
        return client;

        void Add(IHttpClientBuilder builder) => builder
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { ConnectCallback = ConnectHereAsync })
            .AddClientCredentialsHandler(configure: options => options.AllowedOrigins = kind == "AllowedOrigins" ? [address.GetLeftPart(UriPartial.Authority)] : []);
    }

    private static async ValueTask<Stream> ConnectHereAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", context.DnsEndPoint.Port, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private sealed class Typed(HttpClient client)
    {
        public HttpClient Client => client;
    }

    private sealed class Constructed
    {
        public Constructed(HttpClient client, Uri address)
        {
            client.BaseAddress = address;
            Client = client;
        }

        public HttpClient Client { get; }
    }
}
