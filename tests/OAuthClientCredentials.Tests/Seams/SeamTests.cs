using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Seams;

/// <summary>Each seam, used as code outside the library would use it, in a few lines.</summary>
public sealed class SeamTests
{
    [Fact]
    [Trait("Req", "R-207")]
    [Trait("Req", "R-208")]
    public async Task A_shared_cache_gives_two_processes_one_token_and_no_rejected_one()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time) { Lifetime = TimeSpan.FromSeconds(1000) };
        SharedDictionary cache = new();
        await using ServiceProvider first = Build(server, time, cache);
        await using ServiceProvider second = Build(server, time, cache);
        TokenProvider one = first.GetRequiredService<TokenProvider>();
        TokenProvider other = second.GetRequiredService<TokenProvider>();
        AccessToken token = await one.GetTokenAsync("c");
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(token.Value, (await other.GetTokenAsync("c")).Value);
        Assert.Single(server.Requests);

        // The rejected token is replaced once, and the other process takes the new one.
        AccessToken renewed = await one.RenewTokenAsync(token, "c");
        Assert.NotEqual(token.Value, renewed.Value);
        Assert.Equal(renewed.Value, (await other.RenewTokenAsync(token, "c")).Value);
        Assert.Equal(2, server.Requests.Count);

        // A renewal that is due takes a newer token from the cache instead of requesting one.
        time.Advance(TimeSpan.FromSeconds(910));
        await one.GetTokenAsync("c");
        await Eventually.True(() => !one.IsInFlight("c"));
        await other.GetTokenAsync("c");
        await Eventually.True(() => !other.IsInFlight("c"));
        Assert.Equal((await one.GetTokenAsync("c")).Value, (await other.GetTokenAsync("c")).Value);
        Assert.Equal(3, server.Requests.Count);
        Assert.Equal(64, Assert.Single(cache.Tokens.Keys).Length);
    }

    [Fact]
    [Trait("Req", "R-190")]
    public async Task A_token_that_the_shared_cache_has_is_served_while_the_credential_is_held_back()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        server.Always(TestResponse.Error("invalid_client"));
        SharedDictionary cache = new();
        await using ServiceProvider services = Build(server, time, cache);
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync("c"));
        cache.Tokens[tokens.KeyOf("c")] = new AccessToken("from-another", time.GetUtcNow() + TimeSpan.FromHours(1));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("from-another", (await tokens.GetTokenAsync("c")).Value);
        Assert.Single(server.Requests);
    }

    [Fact]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    public async Task A_shared_cache_that_hangs_or_throws_leaves_nobody_waiting()
    {
        TestTimeProvider time = new();
        TestAuthorizationServer server = new(time);
        SharedDictionary cache = new() { Delay = new TaskCompletionSource().Task };
        await using ServiceProvider services = Build(server, time, cache);
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        Task<AccessToken> hanging = tokens.GetTokenAsync("c").AsTask();
        await Hostile.PassAsync(time, hanging.ContinueWith(task => task.Exception), TimeSpan.FromSeconds(35));
        await Assert.ThrowsAsync<TokenRequestException>(() => hanging);
        cache.Delay = Task.FromException(new InvalidOperationException("canary"));
        time.Advance(TimeSpan.FromSeconds(7));
        TokenRequestException broken = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync("c"));
        Assert.DoesNotContain("canary", broken.ToString(), StringComparison.Ordinal);
        Assert.True(broken.IsTransient);
    }

    [Theory]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-168")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_binding_writes_a_proof_into_each_token_request_and_answers_a_nonce_once(bool isSatisfied)
    {
        List<string> proofs = [];
        int requests = 0;
        HostileHandler server = new((request, _) =>
        {
            requests++;
            if (isSatisfied && request.Headers.GetValues("Toy-Proof").Single().EndsWith("n1", StringComparison.Ordinal))
            {
                return Task.FromResult(Respond.Json(HttpStatusCode.OK, """{"access_token":"bound","token_type":"toy","expires_in":3600}"""));
            }

            HttpResponseMessage challenge = Respond.Json(HttpStatusCode.BadRequest, """{"error":"use_toy_nonce"}""");
            challenge.Headers.Add("Toy-Nonce", "n1");
            return Task.FromResult(challenge);
        });
        using OneClient client = new(server, options => options.UseTokenBinding(new ToyBinding(proofs)));
        if (!isSatisfied)
        {
            Assert.Equal(("use_toy_nonce", 2), ((await client.FailAsync()).Error, requests));
            return;
        }

        AccessToken token = await client.GetAsync();
        Assert.Equal(("Toy", "toy-key"), (token.TokenType, token.Binding!.Thumbprint));
        Assert.Equal(["proof 1 ", "proof 2 n1"], proofs);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task A_bearer_token_is_refused_where_a_binding_is_configured()
    {
        using OneClient client = new(OneClient.Scripted(TestResponse.Token()), options => options.UseTokenBinding(new ToyBinding([])));
        Assert.Contains("the token_type is not Toy", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task A_token_provider_of_your_own_is_ten_lines()
    {
        ServiceCollection services = new();
        services.AddSingleton<ITokenProvider, StaticTokens>();
        services.AddClientCredentials(options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "shop", "secret"));
        List<string?> sent = [];
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler()
            .ConfigurePrimaryHttpMessageHandler(() => new HostileHandler((request, _) =>
            {
                sent.Add(request.Headers.Authorization?.ToString());
                return Task.FromResult(new HttpResponseMessage(sent.Count == 1 ? HttpStatusCode.Unauthorized : HttpStatusCode.OK));
            }));
        await using ServiceProvider provider = services.BuildServiceProvider();
        using HttpResponseMessage response = await provider.GetRequiredService<IHttpClientFactory>().CreateClient("api").GetAsync("/orders");
        Assert.Equal((HttpStatusCode.OK, "Bearer static-1", "Bearer static-2"), (response.StatusCode, sent[0], sent[1]));
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task A_revocation_request_is_made_by_the_authentication_of_the_client()
    {
        HttpRequestMessage? seen = null;
        string body = "";
        using HttpClient http = new(new HostileHandler(async (request, cancellationToken) =>
        {
            (seen, body) = (request, await request.Content!.ReadAsStringAsync(cancellationToken));
            return new HttpResponseMessage();
        }));
        ClientCredentialsOptions options = new() { TokenEndpoint = OneClient.Endpoint, ClientId = "shop", ClientSecret = "secret" };
        ClientSettings settings = new(new("", "ClientCredentials", "shop", null, TimeProvider.System), options);

        AuthorizationServerRequest request = new(new("https://id.example.com/revoke"), settings.Context)
        {
            ClientSecretReader = settings.ReadSecret,
        };
        request.AddParameter("token", "the-token");
        await settings.Authentication.ReadCredentialAsync(request, CancellationToken.None);
        await settings.Authentication.WriteAsync(request, CancellationToken.None);
        using HttpRequestMessage message = TokenRequestMessage.Create(request);
        EndpointResponse response = await new EndpointClient(_ => http, TimeProvider.System)
            .SendAsync(message, null, static () => [], settings.Context, 1024, CancellationToken.None);

        Assert.Equal((HttpStatusCode.OK, "https://id.example.com/revoke", "token=the-token"), (response.Status, seen!.RequestUri!.AbsoluteUri, body));
        Assert.Equal("Basic", seen.Headers.Authorization!.Scheme);
    }

    [Fact]
    public async Task An_authentication_of_your_own_can_be_tested_alone()
    {
        ClientContext context = new("orders", "shop");
        AuthorizationServerRequest request = new(new("https://id.example.com/token"), context) { Secret = "secret" };
        await request.ReadClientSecretAsync(CancellationToken.None);
        request.AddParameter("client_id", context.ClientId);
        Assert.Equal(("orders", "secret"), (context.ClientName, request.Secret));
        Assert.Contains("Client 'orders' could not get a token: it is locked. See ClientCredentials:orders:ClientSecret.", context.Unusable("it is locked", "ClientSecret").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\r\nX-Evil: 1")]
    [InlineData("é")]
    [Trait("Req", "R-046")]
    public void An_access_token_that_no_header_can_carry_is_not_created(string value) =>
        Assert.ThrowsAny<ArgumentException>(() => new AccessToken(value, DateTimeOffset.UnixEpoch));

    private static ServiceProvider Build(TestAuthorizationServer server, TestTimeProvider time, ISharedTokenCache cache)
    {
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(time).AddSingleton(cache);
        services.AddClientCredentials("c", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret, options.MaxRetries) = (OneClient.Endpoint, "shop", "secret", 0));
        return services.UseTestAuthorizationServer(server).BuildServiceProvider();
    }

    private sealed class SharedDictionary : ISharedTokenCache
    {
        public ConcurrentDictionary<string, AccessToken> Tokens { get; } = new();

        public Task Delay { get; set; } = Task.CompletedTask;

        public async Task<AccessToken> GetOrRequestAsync(string key, AccessToken? notThisToken, Func<CancellationToken, Task<AccessToken>> request, CancellationToken cancellationToken)
        {
            await Delay.WaitAsync(cancellationToken);
            if (Tokens.TryGetValue(key, out AccessToken? shared) && shared.Value != notThisToken?.Value)
            {
                // As it comes from a store: without anything of this process.
                return new AccessToken(shared.Value, shared.ExpiresAt) { RequestedAt = shared.RequestedAt };
            }

            return Tokens[key] = await request(cancellationToken);
        }
    }

    private sealed class ToyBinding(List<string> proofs) : TokenBinding
    {
        private string _nonce = "";

        public override string TokenType => "Toy";

        public override string Thumbprint => "toy-key";

        public override ValueTask WriteTokenRequestAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            proofs.Add($"proof {proofs.Count + 1} {_nonce}");
            request.Headers["Toy-Proof"] = proofs[^1];
            return ValueTask.CompletedTask;
        }

        public override bool ReadTokenResponse(AuthorizationServerRequest request, HttpResponseMessage response, string? errorCode)
        {
            _nonce = response.Headers.TryGetValues("Toy-Nonce", out IEnumerable<string>? nonces) ? nonces.Single() : _nonce;
            return errorCode == "use_toy_nonce";
        }
    }

    private sealed class StaticTokens : ITokenProvider
    {
        private int _number = 1;

        public ValueTask<AccessToken> GetTokenAsync(string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default) =>
            new(new AccessToken($"static-{_number}", DateTimeOffset.MaxValue));

        public ValueTask<AccessToken> RenewTokenAsync(AccessToken rejected, string clientName = "", TokenRequest? request = null, CancellationToken cancellationToken = default) =>
            new(new AccessToken($"static-{++_number}", DateTimeOffset.MaxValue));

        public void Forget(string clientName)
        {
        }
    }
}
