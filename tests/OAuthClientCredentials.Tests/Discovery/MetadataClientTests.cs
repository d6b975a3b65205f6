using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>How a document is got, kept and lost.</summary>
public sealed class MetadataClientTests : IDisposable
{
    private const string Issuer = "https://id.example.com/tenant";
    private const string Rfc8414 = "GET https://id.example.com/.well-known/oauth-authorization-server/tenant";
    private const string OpenId = "GET https://id.example.com/tenant/.well-known/openid-configuration";
    private const string Token = "POST https://id.example.com/token";

    private readonly Server _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("Req", "R-180")]
    public async Task Which_form_answered_is_remembered()
    {
        _server.Answers[Rfc8414] = () => new HttpResponseMessage(HttpStatusCode.NotFound);
        _server.Answers[OpenId] = Document();
        using OneClient client = Discovering();
        await client.GetAsync();
        client.Time.Advance(TimeSpan.FromHours(2));
        await client.GetAsync();
        Assert.Equal([Rfc8414, OpenId, Token, OpenId, Token], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    [Trait("Req", "R-183")]
    public async Task One_document_serves_an_hour_of_token_requests()
    {
        _server.Answers[Rfc8414] = Document();
        using OneClient client = Discovering();
        await client.GetAsync();
        client.Time.Advance(TimeSpan.FromMinutes(59));
        await client.GetAsync();
        Assert.Equal([Rfc8414, Token, Token], _server.Requests);
    }

    [Theory]
    [Trait("Req", "R-180")]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(408, true)]
    [InlineData(429, true)]
    [InlineData(301, false)]
    public async Task A_server_that_may_have_the_document_is_not_asked_for_the_other_form(int status, bool isTransient)
    {
        _server.Answers[Rfc8414] = () => new HttpResponseMessage((HttpStatusCode)status) { Headers = { Location = new("https://other.example.com/") } };
        _server.Answers[OpenId] = Document();
        using OneClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((isTransient, (HttpStatusCode)status), (exception.IsTransient, exception.StatusCode));
        Assert.Contains(
            "https://id.example.com/.well-known/oauth-authorization-server/tenant",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Equal([Rfc8414], _server.Requests);
    }

    [Theory]
    [Trait("Req", "R-180")]
    [InlineData(400, "")]
    [InlineData(401, "{}")]
    [InlineData(403, "<html>")]
    [InlineData(404, "{\"issuer\":\"https://evil.example.com\"}")]
    [InlineData(405, "")]
    [InlineData(410, "")]
    [InlineData(451, "")]
    [InlineData(200, "<html>a single-page application</html>")]
    [InlineData(200, "")]
    [InlineData(204, "")]
    [InlineData(200, "[]")]
    [InlineData(200, "\"x\"")]
    [InlineData(200, "{\"status\":\"ok\"}")]
    [InlineData(200, "{\"issuer\":")]
    public async Task Whatever_is_not_the_document_leads_to_the_OpenID_form(int status, string body)
    {
        _server.Answers[Rfc8414] = () => Respond.Json((HttpStatusCode)status, body);
        _server.Answers[OpenId] = Document();
        using OneClient client = Discovering();
        await client.GetAsync();
        Assert.Equal([Rfc8414, OpenId, Token], _server.Requests);
    }

    [Theory]
    [Trait("Req", "R-180")]
    [Trait("Req", "R-181")]
    [InlineData(
        "{\"issuer\":\"https://id.example.com/tenant/\",\"token_endpoint\":\"https://id.example.com/token\"}",
        "it names the issuer 'https://id.example.com/tenant/', but Authority is 'https://id.example.com/tenant'. Set Authority to the issuer.")]
    [InlineData("{\"issuer\":null}", "it names no issuer, but Authority is 'https://id.example.com/tenant'")]
    [InlineData("{\"issuer\":1}", "it names no issuer")]
    [InlineData("{\"issuer\":\"\\ud800\"}", "it has a string that is not valid text")]
    [InlineData("{\"issuer\":\"https://id.example.com/tenant\",\"x\":1,\"x\":2}", "it has a member twice")]
    public async Task A_document_that_cannot_be_used_is_an_error_and_not_passed_over(string document, string problem)
    {
        _server.Answers[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, document);
        _server.Answers[OpenId] = Document();
        using OneClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            $"https://id.example.com/.well-known/oauth-authorization-server/tenant: the metadata document cannot be used: {problem}",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Equal([Rfc8414], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    public async Task An_error_names_both_addresses_when_neither_has_the_document()
    {
        _server.Answers[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, "<html>");
        using OneClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            "from https://id.example.com/tenant/.well-known/openid-configuration: there is no metadata (status 404); ",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "https://id.example.com/.well-known/oauth-authorization-server/tenant was asked before: the response is not a metadata document (status 200",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Equal([Rfc8414, OpenId], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    public async Task A_configured_address_is_the_only_one_that_is_asked_and_the_error_names_it()
    {
        const string Address = "https://cdn.example.com/meta";
        using OneClient client = new(_server, options => (options.Authority, options.TokenEndpoint, options.MetadataAddress) = (Issuer, null, Address));
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            "from https://cdn.example.com/meta: there is no metadata (status 404). Check ClientCredentials:MetadataAddress",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Equal([$"GET {Address}"], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    public async Task When_the_form_that_answered_is_gone_the_other_is_asked()
    {
        _server.Answers[OpenId] = Document();
        using OneClient client = Discovering();
        await client.GetAsync();
        (_server.Answers[Rfc8414], _server.Answers[OpenId]) = (Document(), () => new HttpResponseMessage(HttpStatusCode.NotFound));
        client.Time.Advance(TimeSpan.FromHours(2));
        await client.GetAsync();
        Assert.Equal([Rfc8414, OpenId, Token, OpenId, Rfc8414, Token], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task A_Retry_After_on_the_metadata_is_obeyed()
    {
        _server.Answers[Rfc8414] = () => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { Headers = { RetryAfter = new(TimeSpan.FromHours(2)) } };
        using OneClient client = new(_server, options => (options.Authority, options.TokenEndpoint, options.MaxRetries) = (Issuer, null, 2));
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(TimeSpan.FromSeconds(60), exception.RetryAfter);
        Assert.Equal([Rfc8414], _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task The_last_good_document_is_kept_while_a_refresh_fails()
    {
        _server.Answers[Rfc8414] = Document();
        using OneClient client = Discovering();
        await client.GetAsync();
        _server.Answers[Rfc8414] = () => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        client.Time.Advance(TimeSpan.FromHours(2));
        await client.GetAsync();
        await client.GetAsync();
        Assert.Equal([Rfc8414, Token, Rfc8414, Token, Token], _server.Requests);
    }

    [Theory]
    [Trait("Req", "R-183")]
    [InlineData("https://id.example.com/other", 0)]
    [InlineData("https://new.id.example.com/token", 1)]
    public async Task A_token_endpoint_that_moves_to_another_host_is_a_warning(string moved, int warnings)
    {
        LogLines log = new();
        _server.Answers[Rfc8414] = Document();
        using OneClient client = new(_server, options => (options.Authority, options.TokenEndpoint) = (Issuer, null), log: log);
        await client.GetAsync();
        _server.Answers[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{moved}}"}""");
        for (int hour = 0; hour < 3; hour++)
        {
            client.Time.Advance(TimeSpan.FromHours(2));
            await Record.ExceptionAsync(() => client.GetAsync());
        }

        Assert.Equal(warnings, log.Lines.Count);
        Assert.All(
            log.Lines,
            line => Assert.StartsWith("Warning 9 The metadata of https://id.example.com/tenant now has the token endpoint on 'new.id.example.com', before on 'id.example.com'", line, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-181")]
    public async Task A_document_of_another_issuer_is_an_error_and_not_kept()
    {
        _server.Answers[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, """{"issuer":"https://evil.example.com","token_endpoint":"https://id.example.com/token"}""");
        using OneClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            "it names the issuer 'https://evil.example.com', but Authority is 'https://id.example.com/tenant'",
            exception.Message,
            StringComparison.Ordinal);
        _server.Answers[Rfc8414] = Document();
        client.Time.Advance(TimeSpan.FromSeconds(2));
        await client.GetAsync();
        Assert.Equal([Rfc8414, Rfc8414, Token], _server.Requests);
    }

    [Theory]
    [Trait("Req", "R-184")]
    [InlineData(""","token_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"]""", true)]
    [InlineData(""","grant_types_supported":["authorization_code"]""", true)]
    [InlineData("", true)]
    [InlineData(""","token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt"]""", false)]
    public async Task A_method_that_is_not_offered_fails_and_no_weaker_one_is_tried(string members, bool isOffered)
    {
        _server.Answers[Rfc8414] = Document(members);
        using OneClient client = Discovering();
        if (isOffered)
        {
            await client.GetAsync();
            return;
        }

        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(
            "the server's metadata does not offer client_secret_basic. Set ClientCredentials:AuthenticationMethod to one that it offers: client_secret_post, private_key_jwt",
            exception.Message,
            StringComparison.Ordinal);
        Assert.DoesNotContain(Token, _server.Requests);
    }

    [Fact]
    [Trait("Req", "R-186")]
    public async Task A_host_starts_without_its_authority_and_the_first_call_says_so()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddClientCredentials("orders", options => (options.Authority, options.ClientId, options.ClientSecret, options.MaxRetries) = (Issuer, "shop", "secret", 0))
            .ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => _server));
        using IHost host = builder.Build();
        await host.StartAsync();
        Assert.Empty(_server.Requests);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await host.Services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders"));
        Assert.Contains("Client 'orders' could not get a token from https://id.example.com/", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Check ClientCredentials:orders:Authority, or set TokenEndpoint instead", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_callers_share_one_fetch()
    {
        TaskCompletionSource release = new();
        _server.Before = () => release.Task;
        _server.Answers[Rfc8414] = Document();
        using OneClient client = Discovering();
        Task<AccessToken>[] calls = [.. Enumerable.Range(0, 20).Select(_ => client.Tokens.RequestTokenAsync())];
        release.SetResult();
        await Task.WhenAll(calls);
        Assert.Single(_server.Requests, Rfc8414);
    }

    private static Func<HttpResponseMessage> Document(string members = "") =>
        () => Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"https://id.example.com/token"{{members}}}""");

    private OneClient Discovering() => new(_server, options => (options.Authority, options.TokenEndpoint) = (Issuer, null));

    private sealed class Server : HttpMessageHandler
    {
        private readonly List<string> _requests = [];

        public Dictionary<string, Func<HttpResponseMessage>> Answers { get; } = [];

        public Func<Task> Before { get; set; } = () => Task.CompletedTask;

        public IReadOnlyList<string> Requests => _requests;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string line = $"{request.Method} {request.RequestUri!.AbsoluteUri}";
            lock (_requests)
            {
                _requests.Add(line);
            }

            await Before();
            return line == Token ? Respond.Token("abc", 3600)
                : Answers.TryGetValue(line, out Func<HttpResponseMessage>? answer) ? answer()
                : new HttpResponseMessage(HttpStatusCode.NotFound);
        }
    }
}
