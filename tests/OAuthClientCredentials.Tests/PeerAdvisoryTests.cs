using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests;

/// <summary>What went wrong elsewhere, one test each: it must not go wrong here (R-241). Details are in the advisory or thread of that number.</summary>
public sealed class PeerAdvisoryTests
{
    private const string Canary = "canary-of-an-advisory";

    // A token of one request was given to another: what shared a lock had less in common than what shared a cache entry.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-071")]
    public async Task CVE_2025_26620_Parallel_requests_for_different_tokens_each_get_their_own()
    {
        await using Provider provider = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Endpoint.Always(request => TestResponse.Token(value: $"for-{request["scope"]}-{request["resource"]}").After(all.Task));
        Task<AccessToken>[] calls = [.. Enumerable.Range(0, 9).Select(number => GetAsync(provider, new() { Scopes = [$"s{number % 3}"], Resources = [$"https://r{number / 3}.example.com"] }))];
        all.SetResult();
        AccessToken[] tokens = await Task.WhenAll(calls);
        Assert.Equal(Enumerable.Range(0, 9).Select(number => $"for-s{number % 3}-https://r{number / 3}.example.com"), tokens.Select(token => token.Value));
    }

    // A pooled HttpClient had captured the token of the user whose request happened to build it.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-104")]
    [Trait("Req", "R-124")]
    public async Task GHSA_7mr7_4f54_vcx5_One_pooled_handler_serves_many_tenants_each_with_its_own_token()
    {
        await using LoopbackServer tokens = await LoopbackServer.StartAsync(async context =>
            await context.Response.WriteAsync($$"""{"access_token":"for-{{(await context.Request.ReadFormAsync())["tenant"]}}","expires_in":60}"""));
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, Task.FromResult(tokens));
        await Parallel.ForAsync(0, 50, async (call, cancellationToken) =>
        {
            using HttpRequestMessage request = new(HttpMethod.Get, $"/{call % 5}");
            request.SetTokenRequest(new() { Parameters = new Dictionary<string, string> { ["tenant"] = $"{call % 5}" } });
            (await api.Client.SendAsync(request, cancellationToken)).Dispose();
        });
        Assert.All(api.Server.Arrivals, arrival => Assert.Equal($"Bearer for-{arrival.Target[1..]}", arrival.Authorization));
    }

    // Requests under way were joined by part of what makes a token: some callers got one with other scopes.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-071")]
    [InlineData("scope")]
    [InlineData("resource")]
    [InlineData("audience")]
    [InlineData("authorization_details")]
    [InlineData("tenant")]
    public async Task Duende_foss_360_A_request_under_way_is_joined_only_by_what_is_the_same_in_every_part(string part)
    {
        await using Provider provider = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Endpoint.Always(request => TestResponse.Token(value: $"for-{request[part]!.Length}").After(all.Task));
        Task<AccessToken>[] calls = [GetAsync(provider, Differing(part, "1")), GetAsync(provider, Differing(part, "22")), GetAsync(provider, Differing(part, "1"))];
        all.SetResult();
        AccessToken[] tokens = await Task.WhenAll(calls);
        Assert.NotEqual(tokens[0].Value, tokens[1].Value);
        Assert.Same(tokens[0], tokens[2]);
        provider.Endpoint.Verify(2);
    }

    // A redirect changed the request's address, and the retry around attached a token for the new one.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-112")]
    public async Task Azure_sdk_for_net_59606_A_retry_after_a_redirect_takes_no_token_to_another_origin()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(Answer(503));
        await using TestHost api = await TestHost.StartAsync(Redirect(302, () => other.Address), more: services => services.AddHttpClient("api").AddHttpMessageHandler(() => new Again()));
        using HttpResponseMessage response = await api.Client.GetAsync("/orders");
        Assert.Equal(2, other.Arrivals.Count);
        Assert.All(other.Arrivals, arrival => Assert.Null(arrival.Authorization));
    }

    // The credentials of a token request went wherever a redirect pointed.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-001")]
    public async Task CVE_2026_111769_A_redirect_from_the_token_endpoint_takes_no_secret_along() =>
        Assert.Contains("redirect (307)", (await RedirectedTokenRequestAsync(307, null)).Message, StringComparison.Ordinal);

    // The same by way of a transport that the application brought along.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-001")]
    public async Task CVE_2026_54605_Nor_does_one_that_a_transport_of_the_applications_own_would_follow() =>
        Assert.Contains("redirect (308)", (await RedirectedTokenRequestAsync(308, new SocketsHttpHandler { AllowAutoRedirect = true })).Message, StringComparison.Ordinal);

    // curl sent its bearer token on after a redirect to a host for which netrc had credentials.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-112")]
    public async Task CVE_2026_3783_Credentials_for_the_other_host_bring_no_token_there()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Headers.Authorization.Count == 0 ? 401 : 200;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"other\"";
            return Task.CompletedTask;
        });
        CredentialCache netrc = new() { { other.Address, "Basic", new("user", "password") } };
        await using TestHost api = await TestHost.StartAsync(Redirect(307, () => other.Address), more: services => services.AddHttpClient("api")
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { Credentials = netrc, PreAuthenticate = true })
            .AddHttpMessageHandler(() => new Again()));
        using HttpResponseMessage response = await api.Client.GetAsync("/orders");
        Assert.NotEmpty(other.Arrivals);
        Assert.All(other.Arrivals, arrival => Assert.DoesNotContain("Bearer", arrival.Authorization ?? "", StringComparison.Ordinal));
    }

    // A value with a line break in it became a second header.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-115")]
    [InlineData("CVE-2024-45302", """{"access_token":"a\r\nX-Evil: 1"}""")]
    [InlineData("CVE-2024-51501", """{"access_token":"a","token_type":"Bearer\r\nX-Evil: 1"}""")]
    public async Task No_answer_of_a_server_writes_a_second_header(string advisory, string json)
    {
        using OneClient client = OneClient.Answering(json);
        TokenRequestException exception = await client.FailAsync();
        Assert.False(exception.Message.Contains('\n', StringComparison.Ordinal), advisory);
    }

    // Secrets of the client's stood in the log at the level of information.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-210")]
    public async Task CVE_2025_32016_No_log_line_of_any_level_has_a_secret_or_a_token()
    {
        using LogLines log = new();
        TestAuthorizationServer server = new();
        server.Next(TestResponse.Error("invalid_client", $"the secret {Canary} is wrong"), TestResponse.Token(value: Canary));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", Canary));
        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        TokenProvider tokens = provider.GetRequiredService<TokenProvider>();
        await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        tokens.Forget("");
        Assert.Equal(Canary, (await tokens.GetTokenAsync()).Value);
        await Infrastructure.Eventually.True(() => !log.Lines.IsEmpty);
        Assert.DoesNotContain(Canary, log.Text, StringComparison.OrdinalIgnoreCase);
    }

    // A token was split at its dots, however many there were, before anything else was known of it.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-055")]
    [InlineData("CVE-2025-22868", "access_token")]
    [InlineData("CVE-2025-27144", "id_token")]
    [InlineData("CVE-2025-30204", "refresh_token")]
    public async Task A_token_of_many_dots_is_a_token_and_costs_its_own_length(string advisory, string member)
    {
        string dots = new('.', 200_000);
        using OneClient client = OneClient.Answering(member == "access_token" ? $$"""{"access_token":"{{dots}}"}""" : $$"""{"access_token":"a","{{member}}":"{{dots}}"}""");
        long before = GC.GetTotalAllocatedBytes(precise: true);
        AccessToken token = await client.GetAsync();
        Assert.Equal(member == "access_token" ? dots : "a", token.Value);
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 64 * dots.Length, advisory);
    }

    // A header of any size was read and kept: 500 MB of it took 4 GB.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-040")]
    public async Task CVE_2025_61920_An_answer_beyond_the_limit_is_an_error()
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{new string('a', 300_000)}}"}""");
        Assert.Contains("MaxResponseBytes", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    // Metadata named an endpoint inside of the caller's own network, and was believed.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-182")]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("https://10.0.0.1/token")]
    [InlineData("https://[::ffff:169.254.169.254]/token")]
    [InlineData("https://evil.example.com/token")]
    public async Task CVE_2026_66901_Metadata_sends_no_secret_to_a_host_of_its_own_choice(string endpoint)
    {
        List<HttpMethod> sent = [];
        using Scripted handler = new(request =>
        {
            sent.Add(request.Method);
            return Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"https://id.example.com","token_endpoint":"{{endpoint}}"}""");
        });
        using OneClient client = new(handler, options => (options.Authority, options.TokenEndpoint) = ("https://id.example.com", null));
        await client.FailAsync();
        Assert.DoesNotContain(HttpMethod.Post, sent);
    }

    // An origin was compared in a way that another one could pass.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-110")]
    [InlineData("https://api.example.com.evil.org/")]
    [InlineData("https://api.example.com@evil.org/")]
    [InlineData("https://evil.org/https://api.example.com/")]
    [InlineData("https://api.example.com:8443/")]
    public async Task CVE_2026_109461_An_origin_that_only_looks_like_the_APIs_gets_nothing(string address)
    {
        await using TestHost api = await TestHost.StartAsync(_ => Task.CompletedTask, options => options.AllowedOrigins = ["https://api.example.com"]);
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Client.GetAsync(address));
        Assert.Empty(api.Tokens.Arrivals);
    }

    // A race between callers of a cache that they shared.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-070")]
    public async Task CVE_2024_35255_However_callers_race_each_client_gets_its_own_token()
    {
        await using Configured configured = new(Enumerable.Range(0, 4).SelectMany(number => Configured.Client($"client{number}", $"id{number}")));
        configured.Endpoint.Always(request => TestResponse.Token(value: $"of-{request.ClientId}-{request.Number}"));
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

    // A link between cancellations was cut before the work ended, and callers waited for ever.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-097")]
    public async Task MSAL_6053_A_caller_that_gives_up_is_let_go_and_the_next_one_gets_the_token()
    {
        await using Provider provider = new();
        TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        provider.Endpoint.Next(TestResponse.Token().After(answered.Task));
        using CancellationTokenSource cancellation = new();
        Task<AccessToken> given = provider.Tokens.GetTokenAsync(cancellationToken: cancellation.Token).AsTask();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        answered.SetResult();
        Assert.Equal("token-1", await provider.GetAsync());
        provider.Endpoint.Verify(1);
    }

    // After its certificate was replaced, a token bound to the old one was still served. What there is of an identity here is in the options.
    [Theory]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-074")]
    [InlineData("ClientId", "other")]
    [InlineData("TokenEndpoint", "https://id.example.com/other")]
    [InlineData("AuthenticationMethod", "client_secret_basic")]
    [InlineData("Audience", "other")]
    public async Task MSAL_6117_A_token_of_the_former_identity_is_not_served_once_it_has_changed(string option, string value)
    {
        await using Configured configured = new(Configured.Client("orders"));
        Assert.Equal("token-1", (await configured.Tokens.GetTokenAsync("orders")).Value);
        configured.Reload($"orders:{option}", value);
        Assert.Equal("token-2", (await configured.Tokens.GetTokenAsync("orders")).Value);
    }

    // A token of one second that took longer to arrive was kept as if its life had begun on arrival.
    [Fact]
    [Trait("Req", "R-241")]
    [Trait("Req", "R-080")]
    public async Task Openai_node_2609_The_life_of_a_token_begins_when_it_is_asked_for()
    {
        await using Provider provider = new();
        provider.Endpoint.Next(TestResponse.Token(TimeSpan.FromSeconds(1)).After(TimeSpan.FromSeconds(1.5)));
        Task<AccessToken> slow = provider.Tokens.GetTokenAsync().AsTask();
        DateTimeOffset asked = provider.Time.GetUtcNow();
        await Eventually.True(() => provider.Endpoint.Requests.Count == 1);
        while (!slow.IsCompleted)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        Assert.Equal(asked + TimeSpan.FromSeconds(1), (await slow).ExpiresAt);
        Assert.Equal("token-2", await provider.GetAsync());
    }

    private static Task<AccessToken> GetAsync(Provider provider, TokenRequest request) => provider.Tokens.GetTokenAsync(request: request).AsTask();

    private static TokenRequest Differing(string part, string value) => part switch
    {
        "scope" => new() { Scopes = [value] },
        "resource" => new() { Resources = [$"https://{value}.example.com"] },
        "audience" => new() { Audience = value },
        "authorization_details" => new() { AuthorizationDetails = $$"""[{"type":"{{value}}"}]""" },
        _ => new() { Parameters = new Dictionary<string, string> { [part] = value } },
    };

    private static RequestDelegate Answer(int status) => context =>
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

    private static async Task<TokenRequestException> RedirectedTokenRequestAsync(int status, HttpMessageHandler? transport)
    {
        await using LoopbackServer other = await LoopbackServer.StartTokenEndpointAsync();
        await using LoopbackServer server = await LoopbackServer.StartAsync(Redirect(status, () => other.Address));
        await using TokenProvider provider = TokenProvider.Create(
            options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.AuthenticationMethod) = (server.Address.ToString(), "shop", Canary, "client_secret_post"),
            transport);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.GetTokenAsync());
        Assert.Contains(Canary, Assert.Single(server.Arrivals).Text, StringComparison.Ordinal);
        Assert.Empty(other.Arrivals);
        transport?.Dispose();
        return exception;
    }

    private sealed class Again : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            return await base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class Scripted(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
