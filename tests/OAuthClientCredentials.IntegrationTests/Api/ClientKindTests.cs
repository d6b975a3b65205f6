using System.Net;
using System.Text.Json;
using OAuthClientCredentials.IntegrationTests.Canaries;
using Refit;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>However an application comes by its HttpClient, the handler does the same .</summary>
public sealed class ClientKindTests(Ground ground) : CanaryTests, IClassFixture<Ground>
{
    public interface IOrders
    {
        [Post("/orders")]
        Task<HttpResponseMessage> AddAsync([Body] string order);

        [Put("/orders")]
        Task<HttpResponseMessage> ReplaceAsync([Body(BodySerializationMethod.Serialized)] Dictionary<string, int> order);

        [Patch("/orders")]
        Task<HttpResponseMessage> ChangeAsync([Body(buffered: true)] Dictionary<string, int> order);
    }

    public static TheoryData<string, string, int, int[]> Cells
    {
        get
        {
            TheoryData<string, string, int, int[]> data = [];
            foreach (string kind in new[] { "named", "typed", "constructor", "defaults of all", "Refit", "Refit, object", "Refit, object, buffered by us" })
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
    public async Task What_Refit_serializes_while_it_is_sent_is_not_sent_again_and_the_next_call_has_the_new_token()
    {
        await using Scene scene = ground.Open(Answers.Of("401 once"));
        ServiceProvider application = scene.Build(services => AddRefit(services, scene.At(Place.Api)).AddClientCredentialsHandler());
        IOrders orders = application.GetRequiredService<IOrders>();
        using HttpResponseMessage refused = await orders.ReplaceAsync(new() { ["id"] = 7 });
        using HttpResponseMessage next = await orders.ReplaceAsync(new() { ["id"] = 7 });
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (refused.StatusCode, next.StatusCode));
        Assert.Equal([1, 2], scene.AtApi.Select(arrival => arrival.Token));
    }

    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-116")]
    [Trait("Req", "R-330")]
    [MemberData(nameof(Cells))]
    public async Task Named_typed_and_Refit_clients_are_all_the_same(string kind, string answer, int status, int[] tokens)
    {
        Scene? scene = null;
        scene = ground.Open(answer == "redirect" ? Answers.Redirect(307, () => scene!.At(Place.Other), Answers.Of("401 always")) : Answers.Of(answer), Answers.Of("401 always"));
        await using Scene disposed = scene;
        Func<Task<HttpResponseMessage>> call = Caller(scene, kind);
        for (int round = 0; round < 2; round++)
        {
            using HttpResponseMessage response = await call();
            Assert.Equal((HttpStatusCode)status, response.StatusCode);
        }

        Assert.Equal(tokens, scene.AtApi.Select(arrival => arrival.Token));
        Assert.All(scene.AtOther, arrival => Assert.Equal(0, arrival.Token));
        Assert.Equal(tokens.Max(), scene.TokenRequests);
        Assert.All(scene.AtApi, arrival => Assert.Equal(kind.StartsWith("Refit, object", StringComparison.Ordinal) ? "{\"id\":7}"u8.ToArray() : "an order"u8.ToArray(), arrival.Body));
    }

    private static Func<Task<HttpResponseMessage>> Caller(Scene scene, string kind)
    {
        Uri address = scene.At(Place.Api);
        ServiceProvider application = scene.Build(services =>
        {
            services.AddSingleton(address);
            IHttpClientBuilder builder = kind switch
            {
                "named" => services.AddHttpClient("api", client => client.BaseAddress = address),
                "typed" => services.AddHttpClient<Typed>(client => client.BaseAddress = address),
                "constructor" => services.AddHttpClient<Constructed>(),
                "defaults of all" => Defaults(services, address),
                _ => AddRefit(services, address),
            };
            if (kind != "defaults of all")
            {
                builder.AddClientCredentialsHandler(configure: options => options.BufferRequestContent = kind == "Refit, object, buffered by us");
            }
        });
        IOrders? refit = application.GetService<IOrders>();
        HttpClient? client = kind switch
        {
            "named" or "defaults of all" => application.GetRequiredService<IHttpClientFactory>().CreateClient("api"),
            "typed" => application.GetRequiredService<Typed>().Client,
            "constructor" => application.GetRequiredService<Constructed>().Client,
            _ => null,
        };
        return kind switch
        {
            "Refit" => () => refit!.AddAsync("an order"),
            "Refit, object" => () => refit!.ChangeAsync(new() { ["id"] = 7 }),
            "Refit, object, buffered by us" => () => refit!.ReplaceAsync(new() { ["id"] = 7 }),
            _ => () => client!.PostAsync("orders", new StringContent("an order")),
        };
    }

    private static IHttpClientBuilder AddRefit(IServiceCollection services, Uri address) =>
        services.AddRefitGeneratedClient<IOrders>(new RefitSettings(new SystemTextJsonContentSerializer(new JsonSerializerOptions { TypeInfoResolver = OrdersJson.Default })))
            .ConfigureHttpClient(client => client.BaseAddress = new(address.ToString().TrimEnd('/')));

    private static IHttpClientBuilder Defaults(IServiceCollection services, Uri address)
    {
        services.ConfigureHttpClientDefaults(builder => builder.AddClientCredentialsHandler());
        return services.AddHttpClient("api", client => client.BaseAddress = address);
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

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class OrdersJson : System.Text.Json.Serialization.JsonSerializerContext;
