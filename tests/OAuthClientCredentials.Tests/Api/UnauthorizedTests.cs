using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

public sealed class UnauthorizedTests
{
    [Fact]
    [Trait("Req", "R-116")]
    public async Task A_401_renews_the_token_and_sends_the_request_again_once()
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2));
        using HttpResponseMessage response = await api.Client.GetAsync("/orders?page=2");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["Bearer token-1", "Bearer token-2"], api.Server.Arrivals.Select(arrival => arrival.Authorization));
        Assert.All(api.Server.Arrivals, arrival => Assert.Equal("/orders?page=2", arrival.Target));
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task A_401_for_the_new_token_too_is_returned()
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(99));
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(2, api.Server.Arrivals.Count);
        Assert.Equal(2, api.Tokens.Arrivals.Count);
    }

    [Fact]
    [Trait("Req", "R-118")]
    public async Task An_API_that_always_says_401_costs_one_renewal_in_thirty_seconds()
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(int.MaxValue));
        for (int call = 0; call < 1000; call++)
        {
            using HttpResponseMessage response = await api.Client.GetAsync("/");
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.InRange(api.Tokens.Arrivals.Count, 2, 3);
        Assert.InRange(api.Server.Arrivals.Count, 1001, 1002);
    }

    [Fact]
    [Trait("Req", "R-117")]
    public async Task A_thousand_parallel_401s_of_one_token_cost_one_request_and_every_call_is_answered()
    {
        // Nobody gets an answer before a thousand have come, so that all of them carry the first token.
        int arrived = 0;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TestHost api = await TestHost.StartAsync(async context =>
        {
            if (context.Request.Headers.Authorization == "Bearer token-1")
            {
                if (Interlocked.Increment(ref arrived) == 1000)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
                context.Response.StatusCode = 401;
            }
        });
        HttpClient client = api.Client;
        HttpResponseMessage[] responses = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => client.GetAsync("/")));
        Assert.All(responses, response => Assert.Equal(HttpStatusCode.OK, response.StatusCode));
        Assert.Equal(2, api.Tokens.Arrivals.Count);
        Assert.Equal(2000, api.Server.Arrivals.Count);
    }

    [Theory]
    [Trait("Req", "R-116")]
    [InlineData(null, true)]
    [InlineData("Bearer", true)]
    [InlineData("bearer realm=\"api\"", true)]
    [InlineData("Bearer error=\"invalid_token\"", true)]
    [InlineData("Basic realm=\"x\", Bearer realm=\"y\", error=\"invalid_token\"", true)]
    [InlineData("Bearer error=\"expired\"", true)]
    [InlineData("DPoP error=\"invalid_token\", algs=\"ES256\"", true)]
    [InlineData("Basic realm=\"x\"", true)]
    [InlineData("Negotiate", true)]
    [InlineData("Token", true)]
    [InlineData("Basic realm=\"Bearer error=\\\"insufficient_scope\\\"\"", true)]
    [InlineData("Bearer realm=\"open", true)]
    [InlineData("Bearer scope=\"a\" error=\"insufficient_scope\" error_description=\"no commas\"", true)]
    [InlineData("Bearer authorization_uri=https://login.example.com/authorize, resource_id=https://api.example.com", true)]
    [InlineData("Bearer error=\"insufficient_scope\", Bearer error=\"invalid_token\"", true)]
    [InlineData("Bearer error=\"insufficient_scope\"", false)]
    [InlineData("Bearer error=\"invalid_request\"", false)]
    [InlineData("Bearer error=\"insufficient_user_authentication\"", false)]
    [InlineData("DPoP error=\"insufficient_scope\", Basic realm=\"x\"", false)]
    public async Task A_401_renews_unless_its_challenge_says_that_a_new_token_does_not_help(string? challenge, bool renews)
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2, challenge));
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(renews ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(renews ? 2 : 1, api.Tokens.Arrivals.Count);
    }

    [Fact]
    [Trait("Req", "R-116")]
    public async Task A_403_renews_nothing()
    {
        await using TestHost api = await TestHost.StartAsync(context =>
        {
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        });
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Single(api.Tokens.Arrivals);
    }

    [Fact]
    [Trait("Req", "R-116")]
    public async Task A_bare_401_renews_nothing_where_invalid_token_is_required()
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2), options => options.RenewOnlyOnInvalidToken = true);
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Single(api.Tokens.Arrivals);
    }

    public static TheoryData<string, bool> Contents => new()
    {
        { "none", true },
        { "bytes", true },
        { "string", true },
        { "form", true },
        { "memory", true },
        { "json", true },
        { "json list", true },
        { "json node", true },
        { "json lazy", false },
        { "json lazy member", false },
        { "multipart", true },
        { "multipart with a pipe", false },
        { "seekable stream", true },
        { "pipe", false },
    };

    [Theory]
    [Trait("Req", "R-119")]
    [MemberData(nameof(Contents))]
    public async Task Content_is_sent_again_byte_for_byte_or_the_401_is_returned(string kind, bool isReplayed)
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2));
        using HttpResponseMessage response = await api.Client.PostAsync("/orders", Content(kind));
        Assert.Equal(isReplayed ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(isReplayed ? 2 : 1, api.Server.Arrivals.Count);
        Assert.All(api.Server.Arrivals, arrival => Assert.Equal(api.Server.Arrivals.First().Text, arrival.Text));
        Assert.Equal(kind == "none", api.Server.Arrivals.First().Body.Length == 0);

        // The token was rejected all the same: the next call has the new one.
        using HttpResponseMessage next = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Theory]
    [Trait("Req", "R-119")]
    [InlineData("pipe")]
    [InlineData("json lazy")]
    [InlineData("json lazy member")]
    [InlineData("multipart with a pipe")]
    public async Task Buffered_content_is_sent_again(string kind)
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2), options => options.BufferRequestContent = true);
        using HttpResponseMessage response = await api.Client.PostAsync("/orders", Content(kind));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(2, api.Server.Arrivals.Count);
        Assert.All(api.Server.Arrivals, arrival => Assert.Equal(api.Server.Arrivals.First().Text, arrival.Text));
    }

    [Fact]
    [Trait("Req", "R-122")]
    public async Task A_POST_is_not_sent_again_where_that_is_turned_off()
    {
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2), options => options.ReplayNonIdempotentMethods = false);
        using HttpResponseMessage response = await api.Client.PostAsync("/orders", Content("string"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        using HttpResponseMessage next = await api.Client.PutAsync("/orders", Content("string"));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Theory]
    [Trait("Req", "R-121")]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task After_a_redirect_a_401_is_returned_and_nothing_is_sent_again(int status)
    {
        await using TestHost api = await TestHost.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Path == "/moved" ? 401 : status;
            context.Response.Headers.Location = "/moved";
            return Task.CompletedTask;
        });
        using HttpResponseMessage response = await api.Client.PostAsync("/orders", Content("string"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(2, api.Server.Arrivals.Count);
    }

    [Fact]
    [Trait("Req", "R-120")]
    public async Task Discarded_responses_give_their_connections_back()
    {
        await using TestHost api = await TestHost.StartAsync(async context =>
        {
            bool isOld = !context.Request.Headers.ContainsKey("X-Second") && context.Request.Headers.Authorization == "Bearer token-1";
            context.Response.StatusCode = isOld ? 401 : 200;
            await context.Response.WriteAsync(new string('x', 20_000));
        });
        HttpClient client = api.Client;
        for (int call = 0; call < 500; call++)
        {
            using HttpResponseMessage response = await client.GetAsync("/");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.InRange(api.Server.Connections.Count, 1, 3);
    }

    [Fact]
    [Trait("Req", "R-133")]
    public async Task Nothing_in_a_challenge_says_where_to_go()
    {
        await using LoopbackServer elsewhere = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        string challenge = string.Join(", ", new[] { "authorization_uri", "resource_metadata", "realm" }.Select(name => $"{name}=\"{elsewhere.Address}\""));
        await using TestHost api = await TestHost.StartAsync(TestHost.AcceptTokensFrom(2, $"Bearer {challenge}"));
        using HttpResponseMessage response = await api.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(elsewhere.Arrivals);
    }

    private static HttpContent? Content(string kind) => kind switch
    {
        "none" => null,
        "bytes" => new ByteArrayContent([1, 2, 3]),
        "string" => new StringContent("an order"),
        "form" => new FormUrlEncodedContent([new("a", "b c")]),
        "memory" => new ReadOnlyMemoryContent(new byte[] { 4, 5, 6 }),
        "json" => new JsonStub("{\"id\":1}"),
        "json list" => JsonContent.Create(new List<int> { 1, 2 }, Json.Default.ListInt32),
        "json node" => JsonContent.Create(JsonNode.Parse("[1,2]")!, Json.Default.JsonNode),
        "json lazy member" => JsonContent.Create(new Orders(OneShot()), Json.Default.Orders),
        "json lazy" => JsonContent.Create(OneShot(), Json.Default.IEnumerableInt32),
        "multipart" =>
            new MultipartFormDataContent("limit") { { new StringContent("a"), "first" }, { new ByteArrayContent([7]), "second" } },
        "multipart with a pipe" => new MultipartContent("mixed", "limit") { new StringContent("a"), new StreamContent(new Pipe()) },
        "seekable stream" => Seekable(),
        _ => new StreamContent(new Pipe()),
    };

    // The content starts where the stream stands, not at its beginning.
    private static StreamContent Seekable()
    {
        MemoryStream stream = new(Encoding.UTF8.GetBytes("before|after"));
        stream.Position = 7;
        return new(stream);
    }

    private static IEnumerable<int> OneShot()
    {
        Queue<int> queue = new([1, 2, 3]);
        return Drain(queue);
    }

    private static IEnumerable<int> Drain(Queue<int> queue)
    {
        while (queue.TryDequeue(out int number))
        {
            yield return number;
        }
    }

    internal sealed record Orders(IEnumerable<int> Items);

    private sealed class JsonStub(string json) : StringContent(json, new MediaTypeHeaderValue("application/json"));

    private sealed class Pipe() : MemoryStream(Encoding.UTF8.GetBytes("from a pipe"))
    {
        public override bool CanSeek => false;
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(List<int>))]
[System.Text.Json.Serialization.JsonSerializable(typeof(IEnumerable<int>))]
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonNode))]
[System.Text.Json.Serialization.JsonSerializable(typeof(UnauthorizedTests.Orders))]
internal sealed partial class Json : System.Text.Json.Serialization.JsonSerializerContext;
