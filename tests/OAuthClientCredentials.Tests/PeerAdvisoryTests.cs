using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests;

/// <summary>Published vulnerabilities and bugs of other libraries, one test each, by the number of the advisory or issue.</summary>
public sealed class PeerAdvisoryTests
{
    private const string Canary = "canary-of-an-advisory";

    // A pooled HttpClient had captured the token of the user whose request created it.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-104")]
    [Trait("Req", "R-124")]
    public async Task GHSA_7mr7_4f54_vcx5_One_pooled_handler_gives_each_tenant_its_own_token()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(async context =>
        {
            IFormCollection form = await context.Request.ReadFormAsync();
            await context.Response.WriteAsync($$"""{"access_token":"for-{{form["tenant"]}}","expires_in":60}""");
        });
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, Task.FromResult(tokens));
        await Parallel.ForAsync(0, 50, async (call, cancellationToken) =>
        {
            using HttpRequestMessage request = new(HttpMethod.Get, $"/{call % 5}");
            request.SetTokenRequest(new() { Parameters = new Dictionary<string, string> { ["tenant"] = $"{call % 5}" } });
            (await api.Client.SendAsync(request, cancellationToken)).Dispose();
        });
        Assert.All(api.Server.Requests, arrival => Assert.Equal($"Bearer for-{arrival.Target[1..]}", arrival.Authorization));
    }

    // The key of requests under way left out some parameters: callers got a token with other scopes. CVE-2025-26620 was the same.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-071")]
    [InlineData("scope")]
    [InlineData("resource")]
    [InlineData("audience")]
    [InlineData("authorization_details")]
    [InlineData("tenant")]
    public async Task Duende_foss_360_Only_callers_with_an_equal_request_join_one_that_is_under_way(string part)
    {
        await using TestProvider provider = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Server.Always(request => TestResponse.Token(value: $"for-{request[part]!.Length}").After(all.Task));
        string[] values = ["1", "22", "1"];
        Task<string>[] calls = [.. values.Select(value => provider.GetAsync("", Differing(part, value)))];
        all.SetResult();
        string[] tokens = await Task.WhenAll(calls);
        Assert.NotEqual(tokens[0], tokens[1]);
        Assert.Equal(tokens[0], tokens[2]);
        provider.Server.Verify(2);
    }

    // A redirect changed the address of the request, and the retry attached a token to it.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-112")]
    public async Task Azure_sdk_for_net_59606_A_retry_after_a_redirect_sends_no_token_elsewhere()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(RespondWith(503));
        await using TestHost api = await TestHost.StartAsync(
            Redirect(302, () => other.Address),
            more: services => services.AddHttpClient("api").AddHttpMessageHandler(() => new TwiceHandler()));
        using HttpResponseMessage response = await api.Client.GetAsync("/orders");
        Assert.Equal(2, other.Requests.Count);
        Assert.All(other.Requests, arrival => Assert.Null(arrival.Authorization));
    }

    // The credentials of a token request were sent wherever a redirect pointed: by the own handler, or by one of the application.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-001")]
    [InlineData("CVE-2026-111769", 307, false)]
    [InlineData("CVE-2026-54605", 308, true)]
    public async Task A_redirect_from_the_token_endpoint_takes_no_secret_along(string advisory, int status, bool hasOwnHandler)
    {
        await using LoopbackServer other = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer server = await LoopbackServer.StartAsync(Redirect(status, () => other.Address));
        using SocketsHttpHandler own = new() { AllowAutoRedirect = true };
        await using TokenProvider provider = TokenProvider.Create(
            options =>
            {
                TestProvider.Configure(options);
                (options.TokenEndpoint, options.ClientSecret) = (server.Address.ToString(), Canary);
                options.AuthenticationMethod = "client_secret_post";
            },
            hasOwnHandler ? own : null);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(() => provider.GetTokenAsync().AsTask());
        Assert.Contains($"redirect ({status})", exception.Message, StringComparison.Ordinal);
        Assert.Contains(Canary, Assert.Single(server.Requests).Text, StringComparison.Ordinal);
        Assert.True(other.Requests.IsEmpty, advisory);
    }

    // curl sent its bearer token on after a redirect to a host for which netrc had credentials.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-112")]
    public async Task CVE_2026_3783_A_host_with_its_own_credentials_gets_no_token()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 200;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"other\"";
            return Task.CompletedTask;
        });
        CredentialCache netrc = new() { { other.Address, "Basic", new("user", "password") } };
        await using TestHost api = await TestHost.StartAsync(
            Redirect(307, () => other.Address),
            more: services => services.AddHttpClient("api")
                .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { Credentials = netrc, PreAuthenticate = true })
                .AddHttpMessageHandler(() => new TwiceHandler()));
        using HttpResponseMessage response = await api.Client.GetAsync("/orders");
        Assert.NotEmpty(other.Requests);
        Assert.All(other.Requests, arrival => Assert.DoesNotContain("Bearer", arrival.Authorization ?? "", StringComparison.Ordinal));
    }

    // A value with a line break became a second header.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-115")]
    [InlineData("CVE-2024-45302", """{"access_token":"a\r\nX-Evil: 1"}""")]
    [InlineData("CVE-2024-51501", """{"access_token":"a","token_type":"Bearer\r\nX-Evil: 1"}""")]
    public async Task A_response_of_the_server_writes_no_second_header(string advisory, string json)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(json);
        TokenRequestException exception = await client.FailAsync();
        Assert.False(exception.Message.Contains('\n', StringComparison.Ordinal), advisory);
    }

    // Secrets of the client were logged at level Information.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-210")]
    public async Task CVE_2025_32016_No_log_line_of_any_level_has_a_secret_or_a_token()
    {
        using LogLines log = new();
        await using TestProvider provider = new(options => options.ClientSecret = Canary, log: log);
        provider.Server.Next(TestResponse.Error("invalid_client", $"the secret {Canary} is wrong"), TestResponse.Token(value: Canary));
        await provider.FailAsync();
        provider.Tokens.Forget("");
        Assert.Equal(Canary, await provider.GetAsync());
        await Eventually.True(() => !log.Lines.IsEmpty);
        Assert.DoesNotContain(Canary, log.Text, StringComparison.OrdinalIgnoreCase);
    }

    // A token was split at its dots before it was checked, however many there were.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-055")]
    [InlineData("CVE-2025-22868", "access_token")]
    [InlineData("CVE-2025-27144", "id_token")]
    [InlineData("CVE-2025-30204", "refresh_token")]
    public async Task A_token_of_many_dots_costs_memory_of_its_own_length(string advisory, string member)
    {
        string dots = new('.', 200_000);
        bool isAccessToken = member == "access_token";
        string json = isAccessToken ? $$"""{"access_token":"{{dots}}"}""" : $$"""{"access_token":"a","{{member}}":"{{dots}}"}""";
        await using TestTokenClient client = TestTokenClient.Receiving(json);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        AccessToken token = await client.RequestAsync();
        Assert.Equal(isAccessToken ? dots : "a", token.Value);
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 64 * dots.Length, advisory);
    }

    // A header of any size was read: 500 MB of it took 4 GB of memory.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-040")]
    public async Task CVE_2025_61920_A_response_beyond_MaxResponseBytes_is_an_error()
    {
        await using TestTokenClient client = TestTokenClient.Receiving($$"""{"access_token":"{{new string('a', 300_000)}}"}""");
        Assert.Contains("MaxResponseBytes", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    // Metadata named an endpoint inside the network of the client, which used it.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-182")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://10.0.0.1/token")]
    [InlineData("https://[::ffff:169.254.169.254]/token")]
    [InlineData("https://evil.example.com/token")]
    public async Task CVE_2026_66901_Metadata_that_names_another_host_sends_no_secret_there(string endpoint)
    {
        List<HttpMethod> sent = [];
        using StubHandler handler = new(request =>
        {
            sent.Add(request.Method);
            return Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"https://id.example.com","token_endpoint":"{{endpoint}}"}""");
        });
        await using TestTokenClient client = new(
            options => (options.Authority, options.TokenEndpoint) = ("https://id.example.com", null),
            handler: handler);
        await client.FailAsync();
        Assert.DoesNotContain(HttpMethod.Post, sent);
    }

    // Origins were compared as text, so that another origin could match.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-110")]
    [InlineData("https://api.example.com.evil.org/")]
    [InlineData("https://api.example.com@evil.org/")]
    [InlineData("https://evil.org/https://api.example.com/")]
    [InlineData("https://api.example.com:8443/")]
    public async Task CVE_2026_109461_An_origin_that_only_looks_allowed_gets_no_token(string address)
    {
        await using TestHost api = await TestHost.StartAsync(
            _ => Task.CompletedTask,
            options => options.AllowedOrigins = ["https://api.example.com"]);
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Client.GetAsync(address));
        Assert.Empty(api.Tokens.Requests);
    }

    // Callers of a shared cache raced.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-070")]
    public async Task CVE_2024_35255_Racing_callers_each_get_the_token_of_their_own_client()
    {
        await using TestProvider configured = TestProvider.FromConfiguration(
            Enumerable.Range(0, 4).SelectMany(number => TestProvider.Settings($"client{number}", $"id{number}")));
        configured.Server.Always(request => TestResponse.Token(value: $"of-{request.ClientId}-{request.Number}"));
        await Parallel.ForAsync(0, 2000, async (call, cancellationToken) =>
        {
            AccessToken token = await configured.Tokens.GetTokenAsync($"client{call % 4}", cancellationToken: cancellationToken);
            Assert.StartsWith($"of-id{call % 4}-", token.Value, StringComparison.Ordinal);
            if (call % 50 == 0)
            {
                configured.Tokens.Forget($"client{call % 4}");
            }
        });
    }

    // A token of one second that took longer to arrive was cached as if its lifetime began on arrival.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-080")]
    public async Task Openai_node_2609_The_lifetime_of_a_token_begins_at_its_request()
    {
        await using TestProvider provider = new();
        provider.Server.Next(TestResponse.Token(TimeSpan.FromSeconds(1)).After(TimeSpan.FromSeconds(1.5)));
        DateTimeOffset requested = provider.Time.GetUtcNow();
        Task<AccessToken> slow = provider.Tokens.GetTokenAsync().AsTask();
        await Eventually.True(() => provider.Server.Requests.Count == 1);
        await provider.Time.AdvanceUntilAsync(slow, TimeSpan.FromMilliseconds(500));
        Assert.Equal(requested + TimeSpan.FromSeconds(1), (await slow).ExpiresAt);
        Assert.Equal("token-2", await provider.GetAsync());
    }

    private static TokenRequest Differing(string part, string value) => part switch
    {
        "scope" => new() { Scopes = [value] },
        "resource" => new() { Resources = [$"https://{value}.example.com"] },
        "audience" => new() { Audience = value },
        "authorization_details" => new() { AuthorizationDetails = $$"""[{"type":"{{value}}"}]""" },
        _ => new() { Parameters = new Dictionary<string, string> { [part] = value } },
    };

    private static RequestDelegate RespondWith(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private static RequestDelegate Redirect(int status, Func<Uri> target) => context =>
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = target().ToString();
        return Task.CompletedTask;
    };

    private sealed class TwiceHandler : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
