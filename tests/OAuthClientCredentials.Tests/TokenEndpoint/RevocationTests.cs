using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Tests.Jwt;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Revocation requests (RFC 7009) on the wire: to the character, their endpoint, their retries and their errors.</summary>
public sealed class RevocationTests
{
    private const string Issuer = "https://id.example.com";

    [Theory]
    [Trait("Req", "R-232")]
    [InlineData(
        "client_secret_basic",
        """
        POST https://id.example.com/revoke
        Accept: application/json
        Authorization: Basic c2hvcDpzZWNyZXQ=
        Content-Type: application/x-www-form-urlencoded

        token=token-1&token_type_hint=access_token
        """)]
    [InlineData(
        "client_secret_post",
        """
        POST https://id.example.com/revoke
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        token=token-1&token_type_hint=access_token&client_id=shop&client_secret=secret
        """)]
    [InlineData(
        "private_key_jwt",
        """
        POST https://id.example.com/revoke
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        token=token-1&token_type_hint=access_token&client_id=shop&client_assertion_type={type}&client_assertion=assertion-2
        """)]
    [InlineData(
        "none",
        """
        POST https://id.example.com/revoke
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        token=token-1&token_type_hint=access_token&client_id=shop
        """)]
    public async Task A_revocation_is_authenticated_as_a_token_request_is(string method, string expected)
    {
        using RevocationServer server = new();
        int assertions = 0;
        await using TestProvider provider = server.CreateProvider(options =>
        {
            bool hasSecret = method.StartsWith("client_secret", StringComparison.Ordinal);
            (options.AuthenticationMethod, options.ClientSecret) = (method, hasSecret ? "secret" : null);
            if (method == "private_key_jwt")
            {
                options.UseClientAssertion(_ => new($"assertion-{++assertions}"));
            }
        });
        await provider.GetAsync();
        await provider.Tokens.RevokeAsync();
        const string Type = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        expected = expected.ReplaceLineEndings("\n").Replace("{type}", Type, StringComparison.Ordinal);
        Assert.Equal(expected, Assert.Single(server.Revocations));
    }

    [Theory]
    [Trait("Req", "R-150")]
    [Trait("Req", "R-232")]
    [InlineData(false, false, "https://id.example.com/revoke")]
    [InlineData(true, false, "https://id.example.com:8443/revoke")]
    [InlineData(true, true, "https://id.example.com/own")]
    public async Task The_endpoint_is_the_option_the_mutual_TLS_alias_or_the_metadata(bool mutual, bool configured, string endpoint)
    {
        using X509Certificate2 certificate = Certificates.Create();
        using RevocationServer server = new() { Metadata = Metadata(RevocationServer.Endpoint, "https://id.example.com:8443/revoke") };
        await using TestProvider provider = server.CreateProvider(options =>
        {
            Discover(options);
            options.RevocationEndpoint = configured ? endpoint : null;
            if (mutual)
            {
                options.UseCertificate(_ => new(certificate));
                options.ClientSecret = null;
            }
        });
        await provider.GetAsync();
        await provider.Tokens.RevokeAsync();
        Assert.StartsWith($"POST {endpoint}\n", Assert.Single(server.Revocations), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-182")]
    [InlineData("https://evil.example/revoke", "its revocation_endpoint is on another host than the issuer")]
    [InlineData("http://id.example.com/revoke", "its revocation_endpoint must be https")]
    [InlineData("https://127.0.0.1/revoke", "its revocation_endpoint is")]
    [InlineData(null, "the metadata of the server has no revocation_endpoint")]
    public async Task A_refused_or_missing_endpoint_gets_no_token_and_stops_no_token_request(string? endpoint, string problem)
    {
        using RevocationServer server = new() { Metadata = Metadata(endpoint, null) };
        await using TestProvider provider = server.CreateProvider(Discover);
        await provider.GetAsync();
        TokenRequestException exception = await FailAsync(provider);
        Assert.Contains("The default client could not revoke its token: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.Contains("set ClientCredentials:RevocationEndpoint.", exception.Message, StringComparison.Ordinal);
        Assert.Empty(server.Revocations);
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task Without_Authority_and_RevocationEndpoint_the_error_names_the_option()
    {
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider(options => options.RevocationEndpoint = null);
        await provider.GetAsync();
        Assert.Equal(
            "The default client could not revoke its token: there is no Authority to discover the revocation endpoint from. "
            + "If the server can revoke tokens, set ClientCredentials:RevocationEndpoint.",
            (await FailAsync(provider)).Message);
    }

    [Fact]
    [Trait("Req", "R-029")]
    [Trait("Req", "R-232")]
    public async Task A_transient_failure_is_retried_with_a_new_assertion_and_Retry_After()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using RevocationServer server = new();
        server.Responses.Enqueue(() => Unavailable(TimeSpan.FromSeconds(7)));
        server.Responses.Enqueue(() => throw new HttpRequestException(HttpRequestError.ConnectionError));
        await using TestProvider provider = server.CreateProvider(options =>
        {
            (options.Authority, options.MaxRetries, options.ClientSecret) = (Issuer, 2, null);
            options.PrivateKey = key.ExportPkcs8PrivateKeyPem();
            options.UseJwtAuthentication();
        });
        await provider.GetAsync();
        DateTimeOffset start = provider.Time.GetUtcNow();
        Task revocation = provider.Tokens.RevokeAsync();
        await provider.Time.AdvanceUntilAsync(revocation);
        await revocation;
        Assert.InRange(provider.Time.GetUtcNow() - start, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(15));
        IEnumerable<string?> ids = server.Revocations
            .Select(request => new DecodedAssertion(request.Split("client_assertion=")[1]).Claims.GetProperty("jti").GetString());
        Assert.Equal(3, ids.Distinct().Count());
        Assert.All(server.Revocations, request => Assert.Contains("\ntoken=token-1&", request, StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-232")]
    [InlineData(400, "unsupported_token_type", false, 1, "The server does not revoke access tokens of this kind.")]
    [InlineData(401, "invalid_client", false, 1, "Check ClientCredentials:ClientId, the client's credential and AuthenticationMethod")]
    [InlineData(400, "invalid_request", false, 1, "Check that the authorization server allows this client to revoke its tokens.")]
    [InlineData(404, "", false, 1, "Check ClientCredentials:RevocationEndpoint: this is not a revocation endpoint.")]
    [InlineData(503, "", true, 2, "The authorization server has a transient problem.")]
    public async Task An_error_names_the_client_the_code_and_the_remedy(
        int status,
        string error,
        bool isTransient,
        int attempts,
        string remedy)
    {
        using RevocationServer server = new();
        await using TestProvider provider = server.CreateProvider(options => options.MaxRetries = 1);
        await provider.GetAsync();
        for (int attempt = 0; attempt < attempts; attempt++)
        {
            server.Responses.Enqueue(() => error == "" ? new((HttpStatusCode)status) : Respond.Error((HttpStatusCode)status, error));
        }

        TokenRequestException exception = await FailAsync(provider);
        Assert.StartsWith(
            $"The default client could not revoke its token at {RevocationServer.Endpoint}: ",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Contains(remedy, exception.Message, StringComparison.Ordinal);
        Assert.Equal((error, isTransient, attempts), (exception.Error ?? "", exception.IsTransient, exception.Attempts));
        Assert.Equal((HttpStatusCode)status, exception.StatusCode);
        Assert.Equal(attempts, server.Revocations.Count);

        // A credential that is rejected here may still be right at the token endpoint.
        Assert.Equal("token-2", await provider.GetAsync());
    }

    [Fact]
    [Trait("Req", "R-210")]
    [Trait("Req", "R-232")]
    public async Task The_token_is_removed_from_what_the_server_repeats()
    {
        using LogLines log = new();
        using RevocationServer server = new() { Issue = _ => Task.FromResult(Respond.Token("canary+/token~1", 3600)) };
        string error = """{"error":"canary+/token~1","error_description":"unknown: canary+/token~1 canary%2B%2Ftoken~1"}""";
        server.Responses.Enqueue(() => Respond.Json(HttpStatusCode.BadRequest, error));
        server.Responses.Enqueue(() => Redirect("https://id.example.com/canary+/token~1"));
        await using TestProvider provider = server.CreateProvider(log: log);
        for (int attempt = 0; attempt < 2; attempt++)
        {
            await provider.GetAsync();
            Assert.DoesNotContain("canary", $"{await FailAsync(provider)}", StringComparison.Ordinal);
        }

        Assert.DoesNotContain("canary", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task A_server_that_hangs_is_given_up_at_the_time_limit_or_on_cancellation()
    {
        using RevocationServer server = new() { Delay = new TaskCompletionSource().Task };
        await using TestProvider provider = server.CreateProvider();
        await provider.GetAsync();
        string message = (await FailAsync(provider)).Message;
        Assert.Contains("could not revoke its token within 10 seconds: the authorization server", message, StringComparison.Ordinal);
        await provider.GetAsync();
        using CancellationTokenSource caller = new();
        Task cancelled = provider.Tokens.RevokeAsync(cancellationToken: caller.Token);
        await Eventually.True(() => server.Revocations.Count == 2);
        await caller.CancelAsync();
        OperationCanceledException exception = await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(caller.Token, exception.CancellationToken);
        Assert.Equal("token-3", await provider.GetAsync());
    }

    private static async Task<TokenRequestException> FailAsync(TestProvider provider)
    {
        Task revocation = provider.Tokens.RevokeAsync();
        await provider.Time.AdvanceUntilAsync(revocation);
        return await Assert.ThrowsAsync<TokenRequestException>(() => revocation);
    }

    private static void Discover(ClientCredentialsOptions options) =>
        (options.Authority, options.TokenEndpoint, options.RevocationEndpoint) = (Issuer, null, null);

    private static string Metadata(string? revocation, string? alias)
    {
        string aliases = $$"""{"x":""{{Member(alias)}}}""";
        string endpoints = $"\"token_endpoint\":\"{Issuer}/token\"{Member(revocation)}";
        return $$"""{"issuer":"{{Issuer}}",{{endpoints}},"mtls_endpoint_aliases":{{aliases}}}""";
    }

    private static string Member(string? endpoint) => endpoint is null ? "" : $",\"revocation_endpoint\":\"{endpoint}\"";

    private static HttpResponseMessage Unavailable(TimeSpan retryAfter) =>
        new(HttpStatusCode.ServiceUnavailable) { Headers = { RetryAfter = new RetryConditionHeaderValue(retryAfter) } };

    private static HttpResponseMessage Redirect(string location) =>
        new(HttpStatusCode.TemporaryRedirect) { Headers = { Location = new(location) } };
}
