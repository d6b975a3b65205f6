using System.Net;
using System.Text.Json;
using OAuthClientCredentials.IntegrationTests.Canaries;
using Refit;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The handler behaves the same for each kind of HttpClient .</summary>
public sealed class ClientKindTests : CanaryTests
{
    private static readonly string[] Kinds =
    [
        "named",
        "typed",
        "constructor",
        "defaults of all",
        "Refit",
        "Refit, object",
        "Refit, object, buffered by us",
        "Refit, placeholder",
    ];

    public interface IOrders
    {
        [Post("/orders")]
        Task<HttpResponseMessage> AddAsync([Body] string order);

        [Put("/orders")]
        Task<HttpResponseMessage> ReplaceAsync([Body(BodySerializationMethod.Serialized)] Dictionary<string, int> order);

        [Post("/orders")]
        [Headers("Authorization: Bearer")]
        Task<HttpResponseMessage> AddWithPlaceholderAsync([Body] string order);

        [Patch("/orders")]
        Task<HttpResponseMessage> ChangeAsync([Body(buffered: true)] Dictionary<string, int> order);
    }

    public static TheoryData<string, string, int, int[]> Responses
    {
        get
        {
            TheoryData<string, string, int, int[]> data = [];
            foreach (string kind in Kinds)
            {
                data.Add(kind, "200", 200, [1, 1]);
                data.Add(kind, "401 once", 200, [1, 2, 2]);
                data.Add(kind, "401 twice", 401, [1, 2, 2]);
                data.Add(kind, "401 always", 401, [1, 2, 2]);
                data.Add(kind, "403", 403, [1, 1]);
                data.Add(kind, "redirect", 401, [1, 1]);
            }

            return data;
        }
    }

    [Fact]
    [Trait("Req", "R-119")]
    [Trait("Req", "R-330")]
    public async Task Content_that_Refit_serializes_while_sending_is_not_replayed()
    {
        await using TestHost host = await TestHost.StartAsync(ApiResponses.Of("401 once"));
        ServiceProvider application = host.Build(services => AddRefit(services, host.Api.Address).AddClientCredentialsHandler());
        IOrders orders = application.GetRequiredService<IOrders>();
        using HttpResponseMessage rejected = await orders.ReplaceAsync(new() { ["id"] = 7 });
        using HttpResponseMessage next = await orders.ReplaceAsync(new() { ["id"] = 7 });
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (rejected.StatusCode, next.StatusCode));
        Assert.Equal([1, 2], host.ApiTokens);
    }

    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-114")]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-330")]
    [MemberData(nameof(Responses))]
    public async Task Named_typed_and_Refit_clients_behave_the_same(string kind, string api, int status, int[] tokens)
    {
        await using TestHost host = await StartAsync(api);
        Func<Task<HttpResponseMessage>> call = Caller(host, kind);
        for (int round = 0; round < 2; round++)
        {
            using HttpResponseMessage response = await call();
            Assert.Equal((HttpStatusCode)status, response.StatusCode);
        }

        Assert.Equal(tokens, host.ApiTokens);
        Assert.All(host.Other.Requests, received => Assert.Equal(0, received.Token));
        Assert.Equal(tokens.Max(), host.TokenRequests);
        string expected = kind.StartsWith("Refit, object", StringComparison.Ordinal) ? "{\"id\":7}" : "an order";
        Assert.All(host.Api.Requests, received => Assert.Equal(expected, received.Text));
    }

    private static Task<TestHost> StartAsync(string api) => api == "redirect"
        ? TestHost.StartRedirectAsync(307, toOther: true, ApiResponses.Of("401 always"))
        : TestHost.StartAsync(ApiResponses.Of(api));

    private static Func<Task<HttpResponseMessage>> Caller(TestHost host, string kind)
    {
        ServiceProvider application = host.Build(services => Register(services, kind, host.Api.Address));
        if (application.GetService<IOrders>() is not { } orders)
        {
            HttpClient client = HttpClientKinds.Create(application, kind);
            return () => client.PostAsync("orders", new StringContent("an order"));
        }

        return kind switch
        {
            "Refit" => () => orders.AddAsync("an order"),
            "Refit, placeholder" => () => orders.AddWithPlaceholderAsync("an order"),
            "Refit, object" => () => orders.ChangeAsync(new() { ["id"] = 7 }),
            _ => () => orders.ReplaceAsync(new() { ["id"] = 7 }),
        };
    }

    private static void Register(IServiceCollection services, string kind, Uri address)
    {
        if (kind == "defaults of all")
        {
            services.ConfigureHttpClientDefaults(builder => builder.AddClientCredentialsHandler());
            HttpClientKinds.Add(services, "named", address);
        }
        else if (kind.StartsWith("Refit", StringComparison.Ordinal))
        {
            bool buffers = kind == "Refit, object, buffered by us";
            AddRefit(services, address).AddClientCredentialsHandler(configure: options => options.BufferRequestContent = buffers);
        }
        else
        {
            HttpClientKinds.Add(services, kind, address).AddClientCredentialsHandler();
        }
    }

    private static IHttpClientBuilder AddRefit(IServiceCollection services, Uri address)
    {
        SystemTextJsonContentSerializer serializer = new(new JsonSerializerOptions { TypeInfoResolver = OrdersJson.Default });
        return services.AddRefitGeneratedClient<IOrders>(new RefitSettings(serializer))
            .ConfigureHttpClient(client => client.BaseAddress = new(address.ToString().TrimEnd('/')));
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class OrdersJson : System.Text.Json.Serialization.JsonSerializerContext;
