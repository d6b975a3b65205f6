using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using OAuthClientCredentials.Jwt.DPoP;
using OAuthClientCredentials.Tests.Api;
using Polly;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>Nonces, and how often a request is sent because of them.</summary>
public sealed class NonceTests
{
    private const string UseNonce = "DPoP error=\"use_dpop_nonce\"";
    private const string InvalidToken = "DPoP error=\"invalid_token\"";

    // The responses of the API: a status, a challenge and a nonce. After the script it responds with 200.
    [Theory]
    [Trait("Req", "R-166")]
    [Trait("Req", "R-167")]
    [InlineData("nonce n1", "-|n1", 1, 200)]
    [InlineData("nonce n1, nonce n2", "-|n1", 1, 401)]
    [InlineData("nonce n1, nonce n2, nonce n3", "-|n1", 1, 401)]
    [InlineData("nonce n1, invalid n2", "-|n1|n2", 2, 200)]
    [InlineData("nonce n1, invalid n2, nonce n3", "-|n1|n2", 2, 401)]
    [InlineData("invalid n1, nonce n2", "-|n1|n2", 2, 200)]
    [InlineData("nonce n1, invalid n2, invalid n3", "-|n1|n2", 2, 401)]
    [InlineData("nonce", "-", 1, 401)]
    [InlineData("bearer n1", "-", 1, 401)]
    [InlineData("proof n1", "-", 1, 401)]
    [InlineData("forbidden n1", "-", 1, 403)]
    public async Task A_challenge_of_the_API_is_followed_once(string script, string nonces, int tokens, int status)
    {
        Queue<string> responses = new(script.Split(", "));
        await using DPoPClient client = new(api: _ => responses.TryDequeue(out string? next) ? Create(next) : new(HttpStatusCode.OK));
        using HttpResponseMessage response = await client.Http.GetAsync("/orders");
        Assert.Equal(nonces, string.Join('|', client.ApiProofs.Select(proof => proof["nonce"] ?? "-")));
        Assert.Equal((tokens, status), (client.TokenProofs.Count, (int)response.StatusCode));
        Assert.Equal(client.ApiProofs.Count, client.ApiProofs.DistinctBy(proof => proof["jti"]).Count());
    }

    [Fact]
    [Trait("Req", "R-166")]
    public async Task A_second_challenge_stores_its_nonce_for_the_next_request()
    {
        int number = 0;
        await using DPoPClient client = new(api: _ => DPoPClient.Unauthorized(UseNonce, $"n{++number}"));
        for (int call = 0; call < 2; call++)
        {
            using HttpResponseMessage response = await client.Http.GetAsync($"/{call}");
        }

        Assert.Equal([null, "n1", "n2", "n3"], client.ApiProofs.Select(proof => proof["nonce"]));
        Assert.Single(client.TokenProofs);
    }

    [Fact]
    [Trait("Req", "R-166")]
    public async Task A_challenged_request_with_a_stream_is_not_sent_again_but_its_nonce_is_kept()
    {
        await using DPoPClient client = new(api: request =>
        {
            bool isFirst = new DecodedProof(request)["nonce"] is null;
            return isFirst ? DPoPClient.Unauthorized(UseNonce, "n1") : new(HttpStatusCode.OK);
        });
        using HttpResponseMessage first = await client.Http.PostAsync("/", new OneWayContent());
        using HttpResponseMessage second = await client.Http.PostAsync("/", new OneWayContent());
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        Assert.Equal((2, 1), (client.ApiProofs.Count, client.TokenProofs.Count));
    }

    [Theory]
    [Trait("Req", "R-166")]
    [Trait("Req", "R-172")]
    [InlineData("use_dpop_nonce", 400, "n1", 2)]
    [InlineData("use_dpop_nonce", 401, "n1", 2)]
    [InlineData("use_dpop_nonce", 400, null, 1)]
    [InlineData("use_dpop_nonce", 400, "not valid", 1)]
    [InlineData("invalid_dpop_proof", 400, "n1", 2)]
    [InlineData("invalid_dpop_proof", 400, null, 1)]
    [InlineData("invalid_request", 400, "n1", 1)]
    public async Task A_challenge_of_the_authorization_server_is_followed_once(string error, int status, string? nonce, int sends)
    {
        await using DPoPClient client = new(
            configure: options => options.MaxRetries = 2,
            server: _ => DPoPClient.Challenge(nonce, (HttpStatusCode)status, error));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(client.GetTokenAsync);
        Assert.Equal((error, sends), (exception.Error, client.TokenProofs.Count));
        string?[] nonces = [null, "n1"];
        Assert.Equal(nonces[..sends], client.TokenProofs.Select(proof => proof["nonce"]));
    }

    [Fact]
    [Trait("Req", "R-172")]
    public async Task A_rejected_proof_is_an_error_with_both_clocks_and_the_key_option()
    {
        await using DPoPClient client = new(server: _ =>
        {
            HttpResponseMessage response = DPoPClient.Challenge(null, error: "invalid_dpop_proof");
            response.Headers.Date = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
            return response;
        });
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(client.GetTokenAsync);
        Assert.Contains("The clock of the server shows", exception.Message, StringComparison.Ordinal);
        Assert.Contains("ClientCredentials:orders:DPoPKeyFile", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-165")]
    public async Task Each_origin_has_one_challenge_for_all_its_addresses()
    {
        await using DPoPClient client = new(api: request =>
        {
            string expected = $"nonce-of-{request.RequestUri!.Host}";
            return new DecodedProof(request)["nonce"] == expected
                ? DPoPClient.WithNonce(new(HttpStatusCode.NotFound), expected)
                : DPoPClient.Unauthorized(UseNonce, expected);
        });
        foreach (string address in new[] { "a.example/1", "b.example/1", "a.example/2", "b.example/2", "a.example/3", "b.example/3" })
        {
            using HttpResponseMessage response = await client.Http.GetAsync(new Uri($"https://{address}"));
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        Assert.Equal(8, client.ApiProofs.Count);
    }

    [Fact]
    [Trait("Req", "R-165")]
    public void The_origin_that_was_not_used_for_the_longest_time_is_removed_beyond_100()
    {
        NonceStore store = new();
        for (int number = 0; number < 100; number++)
        {
            Assert.True(store.TryStore(new($"https://{number}.example"), $"n{number}"));
        }

        Assert.Equal("n0", store.Find(new("https://0.example/path")));
        Assert.True(store.TryStore(new("https://new.example"), "n"));
        Assert.Equal((null, "n0", "n2"), (
            store.Find(new("https://1.example")), store.Find(new("https://0.example")), store.Find(new("https://2.example"))));
        Assert.Null(store.Find(new("https://0.example:8443")));
    }

    [Fact]
    [Trait("Req", "R-169")]
    public void Only_a_nonce_of_valid_characters_and_length_is_stored()
    {
        Uri uri = new("https://a.example");
        for (int code = 0; code <= 0x100; code++)
        {
            bool isValid = code is 0x21 or (>= 0x23 and <= 0x5B) or (>= 0x5D and <= 0x7E);
            Assert.Equal(isValid, new NonceStore().TryStore(uri, $"n{(char)code}"));
        }

        Assert.True(new NonceStore().TryStore(uri, new string('n', 1024)));
        Assert.False(new NonceStore().TryStore(uri, new string('n', 1025)));
        Assert.False(new NonceStore().TryStore(uri, ""));
        using HttpResponseMessage two = DPoPClient.WithNonce(DPoPClient.WithNonce(new(), "n1"), "n2");
        Assert.False(new NonceStore().TryStore(uri, two.Headers));
    }

    [Fact]
    [Trait("Req", "R-165")]
    [Trait("Req", "R-166")]
    public async Task A_thousand_calls_at_once_all_succeed_while_the_nonces_rotate()
    {
        Dictionary<string, (int Handled, int Challenges)> origins = [];
        await using DPoPClient client = new(api: request =>
        {
            string host = request.RequestUri!.Host;
            (int handled, int challenges) = origins.GetValueOrDefault(host);
            int generation = handled / 100;
            string? nonce = new DecodedProof(request)["nonce"];
            bool isKnown = nonce == $"n{generation}" || nonce == $"n{generation - 1}";
            origins[host] = (handled + 1, isKnown ? challenges : challenges + 1);
            return isKnown
                ? DPoPClient.WithNonce(new(HttpStatusCode.OK), $"n{generation}")
                : DPoPClient.Unauthorized(UseNonce, $"n{generation}");
        });
        await client.GetTokenAsync();
        int[] statuses = await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => Task.Run(async () =>
        {
            string host = number % 2 == 0 ? "a" : "b";
            using HttpResponseMessage response = await client.Http.GetAsync(new Uri($"https://{host}.example/{number}"));
            return (int)response.StatusCode;
        })));
        Assert.All(statuses, status => Assert.Equal(200, status));
        Assert.Equal(2, origins.Count);
        Assert.All(origins.Values, origin => Assert.InRange(origin.Challenges, 1, 100));
    }

    [Fact]
    [Trait("Req", "R-164")]
    [Trait("Req", "R-029")]
    public async Task A_retry_around_the_handler_has_a_new_proof()
    {
        int sends = 0;
        await using DPoPClient client = new(
            api: _ => new(++sends < 3 ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK),
            outside: builder => builder.AddResilienceHandler(
                "retry",
                pipeline => pipeline.AddRetry(new HttpRetryStrategyOptions { Delay = TimeSpan.Zero })));
        using HttpResponseMessage response = await client.Http.GetAsync("/orders");
        Assert.Equal(3, client.ApiProofs.DistinctBy(proof => proof["jti"]).Count());
    }

    private static HttpResponseMessage Create(string response)
    {
        string[] parts = response.Split(' ');
        string? nonce = parts.ElementAtOrDefault(1);
        return parts[0] switch
        {
            "nonce" => DPoPClient.Unauthorized(UseNonce, nonce),
            "invalid" => DPoPClient.Unauthorized(InvalidToken, nonce),
            "proof" => DPoPClient.Unauthorized("DPoP error=\"invalid_dpop_proof\"", nonce),
            "bearer" => DPoPClient.Unauthorized("Bearer error=\"use_dpop_nonce\"", nonce),
            _ => DPoPClient.WithNonce(new(HttpStatusCode.Forbidden), nonce),
        };
    }
}
