using System.Net;
using System.Reflection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Errors of the token endpoint (RFC 6749 section 5.2): what callers see of them, and what they never see.</summary>
public sealed class TokenErrorsTests
{
    [Theory]
    [Trait("Req", "R-060")]
    [InlineData(400, "invalid_request", "Check Scopes, Audience, Resources and Parameters")]
    [InlineData(401, "invalid_client", "Check ClientCredentials:ClientId, the client's credential and AuthenticationMethod (now client_secret_basic)")]
    [InlineData(400, "unauthorized_client", "Allow the client-credentials grant")]
    [InlineData(400, "unsupported_grant_type", "does not support the client-credentials grant")]
    [InlineData(400, "invalid_scope", "Check ClientCredentials:Scopes")]
    [InlineData(400, "invalid_target", "Check ClientCredentials:Resources and Audience")]
    [InlineData(503, "temporarily_unavailable", "a transient problem")]
    [InlineData(400, "AADSTS_unheard_of", "Check the client's options")]
    public async Task An_error_is_told_with_all_its_parts_and_what_to_change(int status, string error, string remedy)
    {
        using OneClient client = OneClient.Answering(
            $$"""{"error":"{{error}}","error_description":"because","error_uri":"https://id.example.com/errors/1"}""",
            (HttpStatusCode)status);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal((error, "because", "https://id.example.com/errors/1", (HttpStatusCode)status), (exception.Error, exception.ErrorDescription, exception.ErrorUri, exception.StatusCode));
        Assert.Equal(("", 1), (exception.ClientName, exception.Attempts));
        Assert.StartsWith($"The default client could not get a token from https://id.example.com/token: {error} (status {status}, application/json): because. ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, exception.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("a\r\nWARN forged\u001b[31m", "a  WARN forged [31m")]
    [InlineData("a\u2028b\u202ec\u0085d\u200be", "a b c d e")]
    [InlineData("  a  ", "a")]
    public async Task Server_text_stays_one_line(string said, string told)
    {
        using OneClient client = OneClient.Answering(
            $$"""{"error":"invalid_request","error_description":"{{System.Text.Json.JsonEncodedText.Encode(said)}}"}""",
            HttpStatusCode.BadRequest);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(told, exception.ErrorDescription);
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task Server_text_is_short()
    {
        string text = new('x', 100_000);
        using OneClient client = OneClient.Answering($$"""{"error":"{{text}}","error_description":"{{text}}","error_uri":"{{text}}"}""", HttpStatusCode.BadRequest, options => options.MaxResponseBytes = 1024 * 1024);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal([256, 256, 256], new[] { exception.Error, exception.ErrorDescription, exception.ErrorUri }.Select(told => told!.Length));
        Assert.InRange(exception.Message.Length, 0, 1024);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-315")]
    [InlineData(" ")]
    [InlineData("\\u0007\\n")]
    public async Task An_error_code_without_a_visible_character_is_none(string error)
    {
        using OneClient client = OneClient.Answering($$"""{"error":"{{error}}"}""", HttpStatusCode.Unauthorized);
        TokenRequestException exception = await client.FailAsync();
        Assert.Null(exception.Error);
        Assert.Contains("it responded with status 401, application/json. Check ClientCredentials:ClientId, the client's credential", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("client_secret_basic", 0)]
    [InlineData("client_secret_post", 0)]
    [InlineData("client_secret_basic", 240)]
    [InlineData("client_secret_post", 250)]
    public async Task A_server_that_echoes_the_request_does_not_make_us_tell_the_secret(string method, int padding)
    {
        const string Secret = "cañary +/secret";
        string[] forms = [Secret, Uri.EscapeDataString(Secret), Uri.EscapeDataString(Secret).Replace("%20", "+", StringComparison.Ordinal), WebUtility.UrlEncode(Secret)];
        foreach (string member in new[] { "error", "error_description", "error_uri" })
        {
            using Echo echo = new(member, new string('.', padding));
            using OneClient client = new(echo, options =>
            {
                options.AuthenticationMethod = method;
                options.ClientSecret = Secret;
            });
            TokenRequestException exception = await client.FailAsync();
            Assert.All(forms.Append("ca\u00f1ary").Append("ca%C3%B1ary").Append(echo.Header ?? Secret), form => Assert.DoesNotContain(form, Everything(exception), StringComparison.OrdinalIgnoreCase));
            Assert.Contains(member == "error" ? "" : "..", Everything(exception), StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string> Echoes => new()
    {
        { "client_secret_basic", "c:a /\u00e9" },
        { "client_secret_basic", "c%3Aa+%2F%C3%A9" },
        { "client_secret_basic", "c%3Aa%20%2F%C3%A9" },
        { "client_secret_basic", "c%253Aa%2B%252F%25C3%25A9" },
        { "client_secret_basic", Convert.ToBase64String("shop:c%3Aa+%2F%C3%A9"u8) },
        { "client_secret_post", "C%3aA+%2f%c3%a9" },
        { "client_secret_post", "c%253Aa%2B%252F%25C3%25A9" },
        { "client_secret_post", Convert.ToBase64String("shop:c:a /\u00e9"u8) },
    };

    [Theory]
    [Trait("Req", "R-061")]
    [MemberData(nameof(Echoes))]
    public async Task The_secret_is_known_again_in_each_form_that_a_server_may_give_it(string method, string form)
    {
        using OneClient client = OneClient.Answering(
            $$"""{"error":"invalid_client","error_description":"not {{System.Text.Json.JsonEncodedText.Encode(form)}} of you"}""",
            HttpStatusCode.Unauthorized,
            options => (options.ClientSecret, options.AuthenticationMethod) = ("c:a /\u00e9", method));
        Assert.Equal("not *** of you", (await client.FailAsync()).ErrorDescription);
    }

    [Fact]
    [Trait("Req", "R-060")]
    public async Task What_the_server_does_not_say_leaves_no_gap()
    {
        using OneClient client = OneClient.Answering("""{"error":"invalid_scope"}""", HttpStatusCode.BadRequest);
        Assert.StartsWith("The default client could not get a token from https://id.example.com/token: invalid_scope (status 400, application/json). Check ClientCredentials:Scopes", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-068")]
    [InlineData("refused", "the connection failed (ConnectionError). Check that the address is right and can be reached from here.", true, null, "SocketException")]
    [InlineData("ended", "the connection failed (ResponseEnded). Check that the address is right", true, null, "IOException: HttpIOException")]
    [InlineData("broken", "the connection failed. Check that the address is right", true, null, "IOException: IOException")]
    [InlineData("proxy", "the connection failed (ProxyTunnelError). Check that the address is right", true, 407, "IOException: HttpRequestException")]
    [InlineData("untrusted", "the TLS certificate was not accepted. Check the server's certificate, or give the token HttpClient a handler that trusts your private CA.", false, null, "AuthenticationException: canary")]
    public async Task A_connection_that_fails_is_told_by_what_failed_of_it(string failure, string said, bool isTransient, int? status, string cause)
    {
        using Failing handler = new(failure);
        using OneClient client = new(handler);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains($"https://id.example.com/token: {said}", exception.Message, StringComparison.Ordinal);
        Assert.Equal((isTransient, (HttpStatusCode?)status), (exception.IsTransient, exception.StatusCode));
        Assert.StartsWith(cause, $"{exception.InnerException!.GetType().Name}: {exception.InnerException.Message}", StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-061")]
    public async Task A_media_type_that_echoes_the_secret_is_not_told_either()
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Status(HttpStatusCode.BadRequest, "", "text/canary"));
        using OneClient client = new(endpoint, options => options.ClientSecret = "canary");
        Assert.DoesNotContain("canary", (await client.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-063")]
    public async Task A_socket_error_that_nobody_wrapped_is_a_broken_connection_too()
    {
        using Resetting resetting = new();
        using OneClient client = new(resetting);
        TokenRequestException exception = await client.FailAsync();
        Assert.True(exception.IsTransient);
        Assert.Contains("could not get a token from https://id.example.com/token: the connection failed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-062")]
    public async Task The_error_uri_is_not_fetched()
    {
        using Golden golden = new(() => Respond.Json(HttpStatusCode.BadRequest, """{"error":"invalid_scope","error_uri":"https://id.example.com/errors"}"""));
        using OneClient client = new(golden.Handler);
        await client.FailAsync();
        Assert.StartsWith("POST https://id.example.com/token\n", Assert.Single(golden.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-063")]
    [InlineData(408, null, true)]
    [InlineData(500, null, true)]
    [InlineData(502, null, true)]
    [InlineData(503, null, true)]
    [InlineData(504, null, true)]
    [InlineData(400, "temporarily_unavailable", true)]
    [InlineData(400, "server_error", true)]
    [InlineData(500, "unheard_of", true)]
    [InlineData(400, "invalid_client", false)]
    [InlineData(401, "invalid_client", false)]
    [InlineData(500, "invalid_client", true)]
    [InlineData(400, "unauthorized_client", false)]
    [InlineData(400, "invalid_scope", false)]
    [InlineData(400, "invalid_request", false)]
    [InlineData(400, "unsupported_grant_type", false)]
    [InlineData(400, "invalid_target", false)]
    [InlineData(408, "invalid_target", true)]
    [InlineData(400, null, false)]
    [InlineData(404, null, false)]
    [InlineData(405, null, false)]
    [InlineData(415, null, false)]
    [InlineData(422, null, false)]
    [Trait("Req", "R-315")]
    [InlineData(401, null, false)]
    [InlineData(403, null, false)]
    [InlineData(400, "unheard_of", false)]
    [InlineData(418, "unheard_of", false)]
    public async Task Only_transient_errors_are_retried(int status, string? error, bool isTransient)
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(error is null ? TestResponse.Status((HttpStatusCode)status) : TestResponse.Error(error, status: (HttpStatusCode)status));
        using OneClient client = new(endpoint, options => options.MaxRetries = 2);
        TokenRequestException exception = await client.FailAsync();
        Assert.Equal(isTransient, exception.IsTransient);
        Assert.Equal(isTransient ? 3 : 1, endpoint.Requests.Count);
        Assert.Equal(endpoint.Requests.Count, exception.Attempts);
    }

    [Fact]
    [Trait("Req", "R-063")]
    public async Task A_429_without_Retry_After_is_transient_and_not_retried_at_once()
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.TooManyRequests());
        using OneClient client = new(endpoint, options => options.MaxRetries = 2);
        Assert.True((await client.FailAsync()).IsTransient);
        Assert.Single(endpoint.Requests);
    }

    [Theory]
    [Trait("Req", "R-315")]
    [InlineData(401, "")]
    [InlineData(403, "")]
    [InlineData(403, "<html>Forbidden</html>")]
    public async Task A_bare_401_or_403_counts_as_rejected_credentials(int status, string body)
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Status((HttpStatusCode)status, body));
        using OneClient client = new(endpoint);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("Check ClientCredentials:ClientId, the client's credential", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsTransient);
    }

    [Fact]
    [Trait("Req", "R-315")]
    public async Task A_form_encoded_answer_is_an_error_that_names_the_media_type()
    {
        TestAuthorizationServer endpoint = OneClient.Scripted(TestResponse.Status(HttpStatusCode.OK, "access_token=canary", "application/x-www-form-urlencoded"));
        using OneClient client = new(endpoint);
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains("not a JSON object (status 200, application/x-www-form-urlencoded)", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-068")]
    [InlineData("answer")]
    [InlineData("connection")]
    [InlineData("handler")]
    [InlineData("page")]
    [InlineData("protocol")]
    [InlineData("stream")]
    public async Task An_exception_holds_no_request_header_or_options(string failure)
    {
        using Failing handler = new(failure);
        using OneClient client = new(handler, options => options.ClientSecret = "canary");
        TokenRequestException exception = await client.FailAsync();
        Assert.DoesNotContain("canary", Everything(exception), StringComparison.Ordinal);
    }

    // The whole graph: every exception within, its text, its data, and every property that it has.
    private static string Everything(Exception exception)
    {
        List<string> texts = [];
        for (Exception? current = exception; current is not null; current = current.InnerException)
        {
            texts.Add(current.ToString());
            texts.AddRange(current.Data.Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key} {entry.Value}"));
            foreach (PropertyInfo property in current.GetType().GetProperties().Where(property => property.GetIndexParameters().Length == 0))
            {
                object? value = property.GetValue(current);
                Assert.False(value is HttpRequestMessage or HttpContent or System.Net.Http.Headers.HttpHeaders or ClientCredentialsOptions);
                texts.Add($"{value}");
            }
        }

        return string.Join('\n', texts);
    }

    /// <summary>Answers with the request's own body and header in one member.</summary>
    private sealed class Echo(string member, string padding) : HttpMessageHandler
    {
        public string? Header { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Header = request.Headers.Authorization?.Parameter;
            string body = await request.Content!.ReadAsStringAsync(cancellationToken);
            string decoded = WebUtility.UrlDecode(body);
            string text = $"{padding}..{Header} {body} {decoded} {Uri.EscapeDataString(decoded)} ca\u00f1ary +/secret";
            text = member == "error" ? text.TrimStart('.') : text;
            return Respond.Json(
                HttpStatusCode.BadRequest,
                $$"""{"{{member}}":"{{System.Text.Json.JsonEncodedText.Encode(text)}}"{{(member == "error" ? "" : ",\"error\":\"invalid_request\"")}}}""");
        }
    }

    private sealed class Failing(string failure) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => failure switch
        {
            "answer" => Task.FromResult(Respond.Error(HttpStatusCode.BadRequest, "invalid_scope")),
            "page" => Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("<html>canary</html>") }),
            "protocol" => throw new HttpRequestException(HttpRequestError.InvalidResponse, "Received an invalid status line: 'canary'."),
            "stream" => throw new HttpIOException(HttpRequestError.InvalidResponse, "Received an invalid chunk terminator: 'canary'."),
            "refused" => throw new HttpRequestException(HttpRequestError.ConnectionError, "canary", new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionRefused)),
            "ended" => throw new HttpIOException(HttpRequestError.ResponseEnded, "canary"),
            "broken" => throw new IOException("canary"),
            "proxy" => throw new HttpRequestException(HttpRequestError.ProxyTunnelError, "canary", statusCode: HttpStatusCode.ProxyAuthenticationRequired),
            "untrusted" => throw new HttpRequestException(HttpRequestError.SecureConnectionError, "canary", new System.Security.Authentication.AuthenticationException("canary")),
            "connection" => throw new HttpRequestException("canary", new InvalidOperationException("canary") { Data = { ["request"] = "canary" } }),
            _ => throw new InvalidOperationException("canary") { Data = { ["request"] = request } },
        };
    }

    private sealed class Resetting : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromException<HttpResponseMessage>(new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionReset));
    }
}
