using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests;

/// <summary>What users of other clients reported about servers and gateways. The comments name the reports.</summary>
public sealed class FieldReportTests
{
    private const string Credential = "Check ClientCredentials:ClientId, the client's credential";
    private const string Grant = "If they are right, allow the client-credentials grant";
    private const string Api = "Check Audience, Resources and Scopes";

    // keycloak/keycloak#16923, cloudfoundry/uaa#2545, auth0/node-auth0#682: 401 with another code than invalid_client for a wrong secret.
    // MicrosoftDocs/azure-docs#21690: unauthorized_client for an unknown client. auth0/node-auth0#292 and
    // rootinc/laravel-azure-middleware#51: codes for an API that is not known. amazon-connect/amazon-connect-salesforce-lambda#43.
    [Theory]
    [Trait("Req", "R-060")]
    [InlineData(401, "unauthorized_client", "Invalid client or Invalid client credentials", Credential, Grant)]
    [InlineData(401, "unauthorized", "Bad credentials", Credential, "credential and AuthenticationMethod")]
    [InlineData(401, "Unauthorized", "Bad credentials", Credential, "credential and AuthenticationMethod")]
    [InlineData(401, "access_denied", "Unauthorized", Credential, "credential and AuthenticationMethod")]
    [InlineData(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory", Credential, Grant)]
    [InlineData(403, "access_denied", "Service not enabled within domain: https://auth.example.com/api/v2/", Api, "may not use it")]
    [InlineData(400, "invalid_resource", "AADSTS500011: The resource principal was not found", Api, "does not know the API")]
    [InlineData(401, "invalid_scope", "no", "Check ClientCredentials:Scopes", "does not grant them")]
    [InlineData(400, "unknown_error", "retry your request", "Check the client's options", "retry your request")]
    public async Task Remedy_names_what_the_server_means(int status, string error, string description, string remedy, string also)
    {
        string body = $$"""{"error":"{{error}}","error_description":"{{description}}"}""";
        await using TestTokenClient client = TestTokenClient.Receiving(body, (HttpStatusCode)status);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((error, description, 1), (exception.Error, exception.ErrorDescription, exception.Attempts));
        Assert.All([remedy, also], part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
    }

    // The same servers: the code of a rejected credential did not make the client read a rotated secret again.
    [Theory]
    [Trait("Req", "R-313")]
    [InlineData(401, "unauthorized_client", 2)]
    [InlineData(401, "unauthorized", 2)]
    [InlineData(400, "unauthorized_client", 1)]
    [InlineData(403, "access_denied", 1)]
    public async Task Secret_is_read_again_after_a_401_with_any_code(int status, string error, int requests)
    {
        using TemporaryFile file = new("old");
        await using TestProvider provider = new(options => (options.ClientSecret, options.ClientSecretFile) = (null, file.Path));
        provider.Server.Next(TestResponse.Error(error, status: (HttpStatusCode)status).After(_ => Task.Run(() => file.Write("new"))));
        Assert.Equal(requests == 1, await Record.ExceptionAsync(() => provider.GetAsync()) is TokenRequestException);
        provider.Server.Verify(requests);
        Assert.Equal(requests == 2, provider.Server.Requests[^1].Used("new"));
    }

    // freizl/hoauth2#215 (Okta), wso2/product-apim#8891, ttezel/twit#585 (Twitter), jstanden/cerb#836 (Salesforce), and Apigee.
    [Theory]
    [Trait("Req", "R-351")]
    [InlineData("""{"errorCode":"invalid_client","errorSummary":"no client_id","errorLink":"x"}""", "invalid_client", "no client_id")]
    [InlineData("""{"errorCode":"E0000022","errorSummary":"not supported"}""", null, "not supported")]
    [InlineData("""{"ErrorCode":"invalid_client","ErrorDescription":"ClientId is Invalid"}""", "invalid_client", "ClientId is Invalid")]
    [InlineData("""{"code":"invalid_scope","msg":"no"}""", "invalid_scope", "no")]
    [InlineData("""{"fault":{"code":900901,"message":"Invalid Credentials","description":"x"}}""", null, "Invalid Credentials")]
    [InlineData("""{"fault":{"faultstring":"no key","detail":{"errorcode":"oauth.v2.InvalidClientIdentifier"}}}""", null, "no key")]
    [InlineData("""{"errors":[{"code":99,"message":"Unable to verify","label":"x"}]}""", null, "Unable to verify")]
    [InlineData("""[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]""", null, "Session expired")]
    [InlineData("""{"error":"invalid_scope","errorCode":"invalid_client","message":"a","errorSummary":"b"}""", "invalid_scope", "a")]
    [InlineData("""{"errors":[],"fault":"x","code":{}}""", null, null)]
    public async Task Error_in_members_of_another_name_is_read(string body, string? error, string? description)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(body, HttpStatusCode.BadRequest);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((error, description), (exception.Error, exception.ErrorDescription));
        Assert.Contains(error ?? description ?? "status 400", exception.Message, StringComparison.Ordinal);
    }

    // oauthlib/oauthlib#887, oauthjs/node-oauth2-server#586, nuxt-community/auth-module#95, casdoor/casdoor#611.
    [Theory]
    [Trait("Req", "R-043")]
    [Trait("Req", "R-046")]
    [InlineData("""{"accessToken":"canary","token_type":"Bearer"}""", "no access_token, but accessToken. The name must be spelled exactly")]
    [InlineData("""{"Access_Token":"canary"}""", "no access_token, but Access_Token.")]
    [InlineData("""{"data":{"access_token":"canary"}}""", "no access_token at its top level, only inside another member (status 200")]
    [InlineData("""{"token":"canary"}""", "no access_token (status 200")]
    [InlineData("""{"access_token":"Bearer canary"}""", "begins with its type ('Bearer ')")]
    [InlineData("""{"access_token":"bearer canary"}""", "begins with its type ('Bearer ')")]
    [InlineData("""{"access_token":"error: canary is expired","token_type":"","expires_in":0}""", "characters that cannot be sent")]
    public async Task Token_in_another_place_is_refused_with_its_reason(string body, string reason)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(body);
        string text = (await client.FailAsync()).ToString();
        Assert.Contains(reason, text, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", text, StringComparison.Ordinal);
    }

    // MicrosoftDocs/azure-docs#38427: the issuer of Entra's common and organizations has a placeholder.
    // OpenLiberty/open-liberty#9200: an issuer with the default port. nodeSolidServer/node-solid-server#1599: a string for a list.
    [Theory]
    [Trait("Req", "R-181")]
    [Trait("Req", "R-184")]
    [InlineData("https://id.example.com/common/v2.0", "https://id.example.com/{tenantid}/v2.0", "name the tenant in Authority")]
    [InlineData("https://id.example.com/oidc", "https://id.example.com:443/oidc", "Set Authority to the issuer")]
    [InlineData("https://id.example.com:443/oidc", "https://id.example.com:443/oidc", null)]
    public async Task Issuer_of_the_metadata_is_compared_and_explained(string authority, string issuer, string? remedy)
    {
        string metadata = $$"""
            {"issuer":"{{issuer}}","token_endpoint":"https://id.example.com/token","token_endpoint_auth_methods_supported":"none"}
            """;
        string token = """{"access_token":"abc","expires_in":60}""";
        using StubHandler handler =
            new(request => Respond.Json(HttpStatusCode.OK, request.Method == HttpMethod.Get ? metadata : token));
        await using TestTokenClient client = new(
            options => (options.Authority, options.TokenEndpoint) = (authority, null),
            handler: handler);
        if (remedy is null)
        {
            Assert.Equal("abc", (await client.RequestAsync()).Value);
            return;
        }

        string message = (await client.FailAsync()).Message;
        Assert.All([issuer, authority, remedy], part => Assert.Contains(part, message, StringComparison.Ordinal));
    }

    // aaronpowell/httpstatus#153: a gateway and the server behind it both set Retry-After. mozilla/fxa#20947: not in whole seconds.
    [Theory]
    [Trait("Req", "R-065")]
    [InlineData(30.0, "10", "30")]
    [InlineData(30.0, "30", "30")]
    [InlineData(30.0, "soon", "30")]
    [InlineData(45.0, "30", "Thu, 01 Jan 2026 00:00:45 GMT")]
    [InlineData(null, "soon", "1.5")]
    [InlineData(null, "10, 30")]
    public async Task Longest_of_several_Retry_After_counts(double? seconds, params string[] values)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(TestResponse.Custom(() =>
        {
            HttpResponseMessage response = new(HttpStatusCode.TooManyRequests);
            Assert.All(values, value => response.Headers.TryAddWithoutValidation("Retry-After", value));
            return response;
        }));
        Assert.Equal(seconds, (await client.FailAsync()).RetryAfter?.TotalSeconds);
    }

    // serviejs/popsicle#134, observatorium/token-refresher#17: a connection over HTTP/2 that ends during a token request.
    [Theory]
    [Trait("Req", "R-063")]
    [InlineData(HttpProtocols.Http1)]
    [InlineData(HttpProtocols.Http2)]
    public async Task Connection_that_ends_during_a_request_is_opened_again(HttpProtocols protocols)
    {
        int count = 0;
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            context =>
            {
                if (Interlocked.Increment(ref count) == 1)
                {
                    context.Abort();
                    return Task.CompletedTask;
                }

                return context.Response.WriteAsync("""{"access_token":"abc","expires_in":60}""");
            },
            protocols);
        using HttpClientVersion handler = new(protocols == HttpProtocols.Http2 ? HttpVersion.Version20 : HttpVersion.Version11);
        await using TokenProvider tokens = TokenProvider.Create(options => Configure(options, server.Address), handler);
        Assert.Equal("abc", (await tokens.GetTokenAsync()).Value);
        Assert.Equal(2, count);
    }

    // router-for-me/CLIProxyAPI#5073, XeroAPI/Xero-Java#248: a server or NAT closes an idle connection, and the next request fails.
    [Fact]
    [Trait("Req", "R-063")]
    public async Task Idle_connection_that_was_closed_fails_no_request()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeOncePerConnectionAsync(listener, connections: 2);
        await using TokenProvider tokens = TokenProvider.Create(
            options => Configure(options, new($"http://{listener.LocalEndpoint}")));
        AccessToken first = await tokens.GetTokenAsync();
        Assert.Equal("abc", (await tokens.RenewTokenAsync(first)).Value);
        await serving;
    }

    // panva/openid-client#38: the issuer is public, and its token endpoint has another address inside the cluster.
    [Fact]
    [Trait("Req", "R-140")]
    public async Task Token_endpoint_inside_a_cluster_keeps_the_public_issuer()
    {
        await using LoopbackServer server = await LoopbackServer.StartTokenEndpointAsync();
        await using TokenProvider tokens = TokenProvider.Create(options =>
        {
            Configure(options, server.Address);
            options.Authority = "https://id.example.com/realms/master";
        });
        Assert.Equal("token-1", (await tokens.GetTokenAsync()).Value);
        Assert.Equal("/token", Assert.Single(server.Requests).Target);
    }

    private static void Configure(ClientCredentialsOptions options, Uri server) =>
        (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ($"{server}token", "shop", "secret");

    // Each connection gets one response that promises to stay open, and is then closed.
    private static async Task ServeOncePerConnectionAsync(TcpListener listener, int connections)
    {
        const string Body = """{"access_token":"abc","expires_in":60}""";
        byte[] response = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
        byte[] buffer = new byte[16 * 1024];
        for (int connection = 0; connection < connections; connection++)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            NetworkStream stream = client.GetStream();
            string request = "";
            while (!request.Contains("grant_type=client_credentials", StringComparison.Ordinal))
            {
                request += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
            }

            await stream.WriteAsync(response);
        }
    }

    /// <summary>Sends requests with one HTTP version, and also without TLS.</summary>
    private sealed class HttpClientVersion(Version version) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (request.Version, request.VersionPolicy) = (version, HttpVersionPolicy.RequestVersionExact);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
