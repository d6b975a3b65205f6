using System.Collections;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Errors of the token endpoint (RFC 6749 section 5.2): what the exception contains, and what it never contains.</summary>
public sealed class TokenResponseErrorsTests
{
    /// <summary>Status, error code, whether it is transient, attempts with two retries.</summary>
    public static TheoryData<int, string?, bool, int> Statuses
    {
        get
        {
            TheoryData<int, string?, bool, int> data = new()
            {
                // A server that asks for fewer requests without a time is not asked again at once.
                { 429, null, true, 1 },
                { 408, null, true, 3 }, { 408, "invalid_target", true, 3 },
                { 400, "temporarily_unavailable", true, 3 }, { 400, "server_error", true, 3 },
                { 401, "invalid_client", false, 1 }, { 418, "unheard_of", false, 1 },
            };
            string?[] permanent =
            [
                null, "invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type",
                "invalid_target", "invalid_grant", "invalid_authorization_details", "unheard_of",
            ];
            foreach (string? error in permanent)
            {
                data.Add(400, error, false, 1);
                data.Add(503, error, true, 3);
            }

            foreach (int status in new[] { 500, 502, 504 })
            {
                data.Add(status, null, true, 3);
            }

            foreach (int status in new[] { 401, 403, 404, 405, 415, 422 })
            {
                data.Add(status, null, false, 1);
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-060")]
    [InlineData(400, "invalid_request", "because", "Scopes, Audience, Resources and Parameters")]
    [InlineData(401, "invalid_client", "because", "ClientCredentials:ClientId")]
    [InlineData(401, "invalid_client", null, "client_secret_basic")]
    [InlineData(400, "unauthorized_client", "because", "client-credentials grant")]
    [InlineData(400, "unsupported_grant_type", "because", "client-credentials grant")]
    [InlineData(400, "invalid_scope", "because", "ClientCredentials:Scopes")]
    [InlineData(400, "invalid_scope", null, "ClientCredentials:Scopes")]
    [InlineData(400, "invalid_target", "because", "ClientCredentials:Resources and Audience")]
    [InlineData(503, "temporarily_unavailable", "because", "transient")]
    [InlineData(400, "AADSTS_unheard_of", "because", "the client's options")]
    public async Task Exception_has_every_part_of_the_error_and_the_remedy(int status, string error, string? description, string remedy)
    {
        string described = description is null ? "" : $",\"error_description\":\"{description}\"";
        await using TestTokenClient client = TestTokenClient.Receiving(
            $$"""{"error":"{{error}}","error_uri":"https://id.example.com/errors/1"{{described}}}""",
            (HttpStatusCode)status);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((error, description), (exception.Error, exception.ErrorDescription));
        Assert.Equal(("https://id.example.com/errors/1", (HttpStatusCode)status), (exception.ErrorUri, exception.StatusCode));
        Assert.Equal(("", 1), (exception.ClientName, exception.Attempts));
        Assert.All(
            ["The default client", "https://id.example.com/token", error, $"{status}", "application/json", description ?? "", remedy],
            part => Assert.Contains(part, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("  ", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-315")]
    [InlineData(401, "")]
    [InlineData(403, "")]
    [InlineData(403, "<html>Forbidden</html>")]
    [InlineData(401, """{"error":" "}""")]
    [InlineData(401, """{"error":"\u0007\n"}""")]
    public async Task A_401_or_403_without_an_error_code_is_a_rejected_credential(int status, string body)
    {
        await using TestTokenClient client = TestTokenClient.Receiving(body, (HttpStatusCode)status);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((null, false), (exception.Error, exception.IsTransient));
        Assert.Contains("Check ClientCredentials:ClientId, the client's credential", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task Echoed_request_does_not_put_the_secret_into_the_exception(string method)
    {
        const string Secret = "ca\u00f1ary +/secret";
        string[] forms = [Secret, Uri.EscapeDataString(Secret), WebUtility.UrlEncode(Secret), "ca\u00f1ary", "ca%C3%B1ary"];
        string[] members = ["error", "error_description", "error_uri", "message", "detail", "title", "media type", "Latin-1", "encoding"];
        foreach (string member in members)
        {
            using Echo echo = new(member, Secret);
            await using TestTokenClient client = new(
                options => (options.AuthenticationMethod, options.ClientSecret) = (method, Secret),
                handler: echo);
            string everything = Everything(await client.FailAsync());
            Assert.All(
                forms.Append(echo.Credentials ?? Secret),
                form => Assert.DoesNotContain(form, everything, StringComparison.OrdinalIgnoreCase));
            Assert.Contains("***", everything, StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-068")]
    [InlineData("refused", "ConnectionError", true, null, "SocketException")]
    [InlineData("ended", "ResponseEnded", true, null, "IOException: HttpIOException")]
    [InlineData("broken", "the connection failed", true, null, "IOException: IOException")]
    [InlineData("reset", "the connection failed", true, null, "SocketException")]
    [InlineData("proxy", "the proxy did not open a connection to the server (status 407)", false, 407, "IOException: IOException")]
    [InlineData("untrusted", "TLS certificate", false, null, "AuthenticationException: canary")]
    public async Task Failed_connection_is_reported_by_its_cause(string failure, string said, bool isTransient, int? status, string cause)
    {
        using Failing handler = new(failure);
        await using TokenProvider tokens = TokenProvider.Create(options => TestProvider.Configure(options), handler);
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync());
        Assert.Contains("https://id.example.com/token", exception.Message, StringComparison.Ordinal);
        Assert.Contains(said, exception.Message, StringComparison.Ordinal);
        Assert.Equal((isTransient, (HttpStatusCode?)status), (exception.IsTransient, exception.StatusCode));
        Exception inner = exception.InnerException!;
        Assert.StartsWith(cause, $"{inner.GetType().Name}: {inner.Message}", StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-062")]
    public async Task Error_uri_is_not_fetched()
    {
        await using TestTokenClient client = TestTokenClient.Receiving(
            """{"error":"invalid_scope","error_uri":"https://id.example.com/errors"}""",
            HttpStatusCode.BadRequest);
        await client.FailAsync();
        Assert.Equal((1, 0), (client.Server.Requests.Count, client.Server.MetadataRequests));
    }

    [Theory]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-315")]
    [MemberData(nameof(Statuses))]
    public async Task Only_transient_errors_are_retried(int status, string? error, bool isTransient, int attempts)
    {
        string body = error is null ? "" : $$"""{"error":"{{error}}"}""";
        await using TestTokenClient client = TestTokenClient.Receiving(body, (HttpStatusCode)status, options => options.MaxRetries = 2);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((isTransient, attempts, attempts), (exception.IsTransient, exception.Attempts, client.Server.Requests.Count));
    }

    [Theory]
    [Trait("Req", "R-068")]
    [InlineData("error")]
    [InlineData("connection")]
    [InlineData("handler")]
    [InlineData("page")]
    [InlineData("protocol")]
    [InlineData("stream")]
    public async Task Exception_holds_no_request_header_or_options(string failure)
    {
        using Failing handler = new(failure);
        await using TestTokenClient client = new(options => options.ClientSecret = "canary", handler: handler);
        Assert.DoesNotContain("canary", Everything(await client.FailAsync()), StringComparison.Ordinal);
    }

    // Every exception within, its text, its data, and each of its properties.
    private static string Everything(Exception exception)
    {
        List<string> texts = [];
        for (Exception? current = exception; current is not null; current = current.InnerException)
        {
            texts.Add(current.ToString());
            texts.AddRange(current.Data.Cast<DictionaryEntry>().Select(entry => $"{entry.Key} {entry.Value}"));
            foreach (PropertyInfo property in current.GetType().GetProperties())
            {
                object? value = property.GetValue(current);
                Assert.False(value is HttpRequestMessage or HttpContent or HttpHeaders or ClientCredentialsOptions);
                texts.Add($"{value}");
            }
        }

        return string.Join('\n', texts);
    }

    /// <summary>Responds with the request's own body and credentials in one member, or with the secret in another place.</summary>
    private sealed class Echo(string member, string secret) : HttpMessageHandler
    {
        public string? Credentials { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Credentials = request.Headers.Authorization?.Parameter;
            string body = await request.Content!.ReadAsStringAsync(cancellationToken);
            string decoded = WebUtility.UrlDecode(body);
            string text = $"{Credentials} {body} {decoded} {Uri.EscapeDataString(decoded)} {secret}";
            string code = member == "error" ? "" : ",\"error\":\"invalid_request\"";
            HttpResponseMessage response = Respond.Json(
                HttpStatusCode.BadRequest,
                $$"""{"{{member}}":"{{JsonEncodedText.Encode(text)}}"{{code}}}""");
            if (member == "Latin-1")
            {
                response.Content = new ByteArrayContent(Encoding.Latin1.GetBytes($$"""{"error":"x","error_description":"{{secret}}"}"""));
            }

            if (member == "encoding")
            {
                response.Content.Headers.TryAddWithoutValidation("Content-Encoding", Uri.EscapeDataString(secret));
            }

            if (member == "media type")
            {
                response.Content.Headers.Remove("Content-Type");
                response.Content.Headers.TryAddWithoutValidation("Content-Type", $"text/{Uri.EscapeDataString(secret)}");
            }

            return response;
        }
    }

    private sealed class Failing(string failure) : HttpMessageHandler
    {
        private const string Text = "canary";

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            failure switch
            {
                "error" => Task.FromResult(Respond.Error(HttpStatusCode.BadRequest, "invalid_scope")),
                "page" => Task.FromResult(new HttpResponseMessage { Content = new StringContent($"<html>{Text}</html>") }),
                _ => Task.FromException<HttpResponseMessage>(Create(request)),
            };

        private Exception Create(HttpRequestMessage request) => failure switch
        {
            "protocol" => new HttpRequestException(HttpRequestError.InvalidResponse, $"Received an invalid status line: '{Text}'."),
            "stream" => new HttpIOException(HttpRequestError.InvalidResponse, $"Received an invalid chunk terminator: '{Text}'."),
            "refused" => new HttpRequestException(HttpRequestError.ConnectionError, Text, Socket(SocketError.ConnectionRefused)),
            "reset" => Socket(SocketError.ConnectionReset),
            "ended" => new HttpIOException(HttpRequestError.ResponseEnded, Text),
            "broken" => new IOException(Text),
            "proxy" => new HttpRequestException(HttpRequestError.ProxyTunnelError, Text, null, HttpStatusCode.ProxyAuthenticationRequired),
            "untrusted" => new HttpRequestException(HttpRequestError.SecureConnectionError, Text, new AuthenticationException(Text)),
            "connection" => new HttpRequestException(Text, new InvalidOperationException(Text) { Data = { ["request"] = Text } }),
            _ => new InvalidOperationException(Text) { Data = { ["request"] = request } },
        };

        private static SocketException Socket(SocketError error) => new((int)error);
    }
}
