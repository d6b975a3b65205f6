using System.Net.Http.Headers;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>An Authorization header without a credential: Bearer and DPoP are placeholders for the token, others are kept.</summary>
[Trait("Req", "R-114")]
public sealed class CallerAuthorizationTests
{
    private readonly NumberedTokens _tokens = new();
    private readonly List<string> _seen = [];

    [Theory]
    [InlineData("Bearer")]
    [InlineData("bearer")]
    [InlineData("BEARER ")]
    [InlineData(" Bearer\t")]
    [InlineData("DPoP")]
    [InlineData("dpop ")]
    public async Task A_scheme_of_tokens_without_a_credential_is_filled(string header)
    {
        await using ApiClient api = Create();
        using HttpRequestMessage request = Request(header);
        using HttpResponseMessage response = await api.Http.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal(["Bearer token-1", "Bearer token-2"], _seen);
        Assert.Equal(header.Trim(), request.Headers.NonValidated["Authorization"].ToString().Trim());
        Assert.Null(response.RequestMessage!.Headers.Authorization);
    }

    [Fact]
    public async Task A_placeholder_in_any_form_is_filled()
    {
        await using ApiClient api = Create();
        _tokens.Next();
        using HttpRequestMessage typed = new(HttpMethod.Get, "/orders");
        typed.Headers.Authorization = new AuthenticationHeaderValue("Bearer");
        using HttpRequestMessage twice = new(HttpMethod.Get, "/orders");
        Assert.True(twice.Headers.TryAddWithoutValidation("Authorization", ["Bearer", "DPoP "]));
        (await api.Http.SendAsync(typed)).Dispose();
        (await api.Http.SendAsync(twice)).Dispose();
        using HttpRequestMessage synchronous = Request("Bearer");
        api.Http.Send(synchronous).Dispose();
        api.Http.DefaultRequestHeaders.Authorization = new("Bearer");
        (await api.Http.GetAsync("/orders")).Dispose();
        Assert.Equal(Enumerable.Repeat("Bearer token-2", 4), _seen);
        Assert.DoesNotContain(api.Log.Lines, IsWarning);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public async Task A_placeholder_takes_a_token_to_allowed_origins_only()
    {
        await using ApiClient api = Create();
        using HttpRequestMessage request = Request("Bearer", "https://elsewhere.example.com/");
        await Assert.ThrowsAsync<OriginNotAllowedException>(() => api.Http.SendAsync(request));
        Assert.Empty(_seen);
    }

    [Theory]
    [InlineData("Negotiate", "Negotiate")]
    [InlineData("basic ", "Basic")]
    [InlineData("", "")]
    public async Task Another_header_without_a_credential_is_kept_and_logged_once(string header, string logged)
    {
        await using ApiClient api = Create();
        for (int call = 0; call < 2; call++)
        {
            using HttpRequestMessage request = Request(header);
            (await api.Http.SendAsync(request)).Dispose();
        }

        Assert.Equal([header.Trim(), header.Trim()], _seen);
        Assert.Empty(_tokens.Renewals);
        Assert.Contains($"(scheme '{logged}')", Assert.Single(api.Log.Lines, IsWarning), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret-key-of-an-api")]
    [InlineData("Bearer of-the-caller")]
    [InlineData("Bearer, Basic")]
    public async Task A_header_that_may_have_a_credential_is_kept_and_not_logged(string header)
    {
        await using ApiClient api = Create();
        using HttpRequestMessage request = Request(header);
        (await api.Http.SendAsync(request)).Dispose();
        Assert.Equal([header], _seen);
        Assert.DoesNotContain(api.Log.Lines, IsWarning);
    }

    [Theory]
    [InlineData("skipped")]
    [InlineData("other origin")]
    public async Task A_placeholder_that_is_not_filled_is_logged(string reason)
    {
        await using ApiClient api = Create(options => options.SendWithoutTokenToOtherOrigins = true);
        using HttpRequestMessage request = Request("Bearer", reason == "skipped" ? "/orders" : "https://elsewhere.example.com/");
        if (reason == "skipped")
        {
            request.SkipAccessToken();
        }

        (await api.Http.SendAsync(request)).Dispose();
        Assert.Equal(["Bearer"], _seen);
        Assert.Single(api.Log.Lines, IsWarning);
    }

    private static bool IsWarning(string line) => line.StartsWith("Warning 21 ", StringComparison.Ordinal);

    private static HttpRequestMessage Request(string header, string address = "/orders")
    {
        HttpRequestMessage request = new(HttpMethod.Get, address);
        Assert.True(request.Headers.TryAddWithoutValidation("Authorization", header));
        return request;
    }

    // Rejects the first token.
    private ApiClient Create(Action<AccessTokenHandlerOptions>? configure = null) =>
        new(
            _tokens,
            request =>
            {
                string header = request.Headers.NonValidated["Authorization"].ToString();
                _seen.Add(header.Trim());
                return ApiClient.Respond(header.EndsWith("token-1", StringComparison.Ordinal) ? 401 : 200);
            },
            configure);
}
