using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Where a client looks for the metadata, how long it keeps a document, and what it reports without one.</summary>
public sealed class MetadataClientTests : IDisposable
{
    private const string Issuer = "https://id.example.com/tenant";
    private const string Rfc8414 = "GET https://id.example.com/.well-known/oauth-authorization-server/tenant";
    private const string OpenId = "GET https://id.example.com/tenant/.well-known/openid-configuration";
    private const string Token = "POST https://id.example.com/token";

    private readonly Dictionary<string, Func<HttpResponseMessage>> _responses = new() { [Token] = () => Respond.Token("abc", 3600) };
    private readonly RecordingHandler _server;

    public MetadataClientTests() => _server = new(FindResponse);

    public static TheoryData<int, string> ResponsesThatAreNoDocument => new()
    {
        { 400, "" }, { 401, "{}" }, { 403, "<html>" }, { 405, "" }, { 410, "" }, { 451, "" },
        { 404, "{\"issuer\":\"https://evil.example.com\"}" },
        { 200, "<html>a single-page application</html>" }, { 200, "" }, { 204, "" }, { 200, "[]" }, { 200, "\"x\"" },
        { 200, "{\"status\":\"ok\"}" }, { 200, "{\"issuer\":" },
    };

    private IEnumerable<string> Requests => _server.Requests.Select(request => request.Split('\n')[0]);

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("Req", "R-180")]
    [Trait("Req", "R-183")]
    public async Task Document_is_kept_for_an_hour_and_its_address_is_remembered()
    {
        _responses[OpenId] = Document();
        await using TestTokenClient client = Discovering();
        await client.RequestAsync();
        client.Time.Advance(TimeSpan.FromMinutes(59));
        await client.RequestAsync();
        Assert.Equal([Rfc8414, OpenId, Token, Token], Requests);
        client.Time.Advance(TimeSpan.FromHours(2));
        await client.RequestAsync();
        Assert.Equal([OpenId, Token], Requests.Skip(4));
        _responses.Remove(OpenId);
        _responses[Rfc8414] = Document();
        client.Time.Advance(TimeSpan.FromHours(2));
        await client.RequestAsync();
        Assert.Equal([OpenId, Rfc8414, Token], Requests.Skip(6));
    }

    [Theory]
    [Trait("Req", "R-180")]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(408, true)]
    [InlineData(429, true)]
    [InlineData(301, false)]
    public async Task Second_address_is_not_used_when_the_first_may_have_the_document(int status, bool isTransient)
    {
        _responses[Rfc8414] = () => new((HttpStatusCode)status) { Headers = { Location = new("https://other.example.com/") } };
        _responses[OpenId] = Document();
        await using TestTokenClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((isTransient, (HttpStatusCode)status), (exception.IsTransient, exception.StatusCode));
        Assert.Contains(Rfc8414[4..], exception.Message, StringComparison.Ordinal);
        Assert.Equal([Rfc8414], Requests);
    }

    [Theory]
    [Trait("Req", "R-180")]
    [MemberData(nameof(ResponsesThatAreNoDocument))]
    public async Task Response_that_is_no_document_leads_to_the_OpenID_address(int status, string body)
    {
        _responses[Rfc8414] = () => Respond.Json((HttpStatusCode)status, body);
        _responses[OpenId] = Document();
        await using TestTokenClient client = Discovering();
        await client.RequestAsync();
        Assert.Equal([Rfc8414, OpenId, Token], Requests);
    }

    [Theory]
    [Trait("Req", "R-180")]
    [Trait("Req", "R-181")]
    [InlineData("{\"issuer\":\"https://evil.example.com\"}", "'https://evil.example.com'")]
    [InlineData("{\"issuer\":\"https://id.example.com/tenant/\"}", "'https://id.example.com/tenant/'")]
    [InlineData("{\"issuer\":null}", "'https://id.example.com/tenant'")]
    [InlineData("{\"issuer\":1}", "Authority")]
    [InlineData("{\"issuer\":\"\\ud800\"}", "valid text")]
    [InlineData("{\"issuer\":\"https://id.example.com/tenant\",\"x\":1,\"x\":2}", "member")]
    public async Task Document_that_cannot_be_used_is_an_error_and_not_kept(string document, string problem)
    {
        _responses[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, document);
        _responses[OpenId] = Document();
        await using TestTokenClient client = Discovering();
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(Rfc8414[4..], exception.Message, StringComparison.Ordinal);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        _responses[Rfc8414] = Document();
        client.Time.Advance(TimeSpan.FromSeconds(2));
        await client.RequestAsync();
        Assert.Equal([Rfc8414, Rfc8414, Token], Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    public async Task Error_names_both_addresses_when_neither_has_the_document()
    {
        _responses[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, "<html>");
        await using TestTokenClient client = Discovering();
        string message = (await client.FailAsync()).Message;
        Assert.All(
            [OpenId[4..], "status 404", Rfc8414[4..], "status 200"],
            part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal([Rfc8414, OpenId], Requests);
    }

    [Fact]
    [Trait("Req", "R-180")]
    public async Task MetadataAddress_is_the_only_address_that_is_used_and_the_error_names_it()
    {
        const string Address = "https://cdn.example.com/meta";
        await using TestTokenClient client = Discovering(options => options.MetadataAddress = Address);
        string message = (await client.FailAsync()).Message;
        Assert.All(
            [Address, "status 404", "ClientCredentials:MetadataAddress"],
            part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Equal([$"GET {Address}"], Requests);
    }

    [Fact]
    [Trait("Req", "R-065")]
    public async Task Retry_After_of_the_metadata_is_honoured()
    {
        _responses[Rfc8414] = () => new(HttpStatusCode.ServiceUnavailable) { Headers = { RetryAfter = new(TimeSpan.FromHours(2)) } };
        await using TestTokenClient client = Discovering(options => options.MaxRetries = 2);
        Assert.Equal(TimeSpan.FromSeconds(60), (await client.FailAsync()).RetryAfter);
        Assert.Equal([Rfc8414], Requests);
    }

    [Theory]
    [Trait("Req", "R-183")]
    [InlineData("https://id.example.com/other", 0)]
    [InlineData("https://new.id.example.com/token", 1)]
    public async Task Token_endpoint_that_moves_to_another_host_is_logged_once(string moved, int warnings)
    {
        using LogLines log = new();
        _responses[Rfc8414] = Document();
        await using TestTokenClient client = Discovering(log: log);
        await client.RequestAsync();
        _responses[Rfc8414] = () => Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{moved}}"}""");
        for (int hour = 0; hour < 3; hour++)
        {
            client.Time.Advance(TimeSpan.FromHours(2));
            await Record.ExceptionAsync(() => client.RequestAsync());
        }

        string[] logged = [.. log.Lines.Where(line => line.StartsWith("Warning 9 ", StringComparison.Ordinal))];
        Assert.Equal(warnings, logged.Length);
        Assert.All(logged, line => Assert.Matches("from 'id\\.example\\.com' to 'new\\.id\\.example\\.com'", line));
    }

    [Theory]
    [Trait("Req", "R-184")]
    [InlineData(""","token_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"]""", true)]
    [InlineData(""","grant_types_supported":["authorization_code"]""", true)]
    [InlineData("", true)]
    [InlineData(""","token_endpoint_auth_methods_supported":[]""", true)]
    [InlineData(""","token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt"]""", false)]
    public async Task Method_that_is_not_offered_is_an_error_and_no_other_is_tried(string members, bool isOffered)
    {
        _responses[Rfc8414] = Document(members);
        await using TestTokenClient client = Discovering();
        if (isOffered)
        {
            await client.RequestAsync();
            return;
        }

        string message = (await client.FailAsync()).Message;
        Assert.All(
            [
                "ClientCredentials:AuthenticationMethod to a method that it offers: client_secret_post, private_key_jwt.",
                "accepts client_secret_basic nevertheless, set ClientCredentials:TokenEndpoint",
            ],
            part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain(Token, Requests);
    }

    [Fact]
    [Trait("Req", "R-369")]
    public async Task SPIFFE_method_need_not_be_listed()
    {
        _responses[Rfc8414] = Document(""","token_endpoint_auth_methods_supported":["private_key_jwt"]""");
        await using TestTokenClient client = new(
            options =>
            {
                (options.Authority, options.TokenEndpoint, options.ClientSecret) = (Issuer, null, null);
                options.AuthenticationMethod = "spiffe_jwt";
                options.UseClientAssertion(_ => new("svid"));
            },
            handler: _server);
        await client.RequestAsync();
        Assert.Equal([Rfc8414, Token], Requests);
    }

    [Fact]
    [Trait("Req", "R-186")]
    public async Task Host_starts_without_its_authority_and_the_first_call_fails()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        TestProvider.AddClient(builder.Services, "orders", options => (options.Authority, options.TokenEndpoint) = (Issuer, null));
        builder.Services.AddHttpClient(TokenClient.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => _server);
        using IHost host = builder.Build();
        await host.StartAsync();
        Assert.Empty(Requests);
        ITokenProvider tokens = host.Services.GetRequiredService<ITokenProvider>();
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync("orders"));
        Assert.All(
            ["Client 'orders'", "https://id.example.com/", "ClientCredentials:orders:Authority", "TokenEndpoint"],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    private static Func<HttpResponseMessage> Document(string members = "") =>
        () => Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"https://id.example.com/token"{{members}}}""");

    private HttpResponseMessage FindResponse(HttpRequestMessage request)
    {
        string line = $"{request.Method} {request.RequestUri!.AbsoluteUri}";
        return _responses.TryGetValue(line, out Func<HttpResponseMessage>? respond) ? respond() : new(HttpStatusCode.NotFound);
    }

    private TestTokenClient Discovering(Action<ClientCredentialsOptions>? configure = null, LogLines? log = null) => new(
        options =>
        {
            (options.Authority, options.TokenEndpoint) = (Issuer, null);
            configure?.Invoke(options);
        },
        handler: _server,
        log: log);
}
