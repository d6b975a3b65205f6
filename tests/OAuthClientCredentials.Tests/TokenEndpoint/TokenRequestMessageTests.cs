using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt.Assertions;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>What stands on the wire (RFC 6749 section 4.4.2), to the character.</summary>
public sealed class TokenRequestMessageTests
{
    [Theory]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-023")]
    [InlineData(
        null,
        """
        POST https://id.example.com/token
        Accept: application/json
        Authorization: Basic c2hvcDpzZWNyZXQ=
        Content-Type: application/x-www-form-urlencoded

        grant_type=client_credentials
        """)]
    [InlineData(
        "client_secret_post",
        """
        POST https://id.example.com/token
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        grant_type=client_credentials&client_id=shop&client_secret=secret
        """)]
    [InlineData(
        "none",
        """
        POST https://id.example.com/token
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        grant_type=client_credentials&client_id=shop
        """)]
    public async Task Each_authentication_method_has_its_one_place_in_the_request(string? method, string expected)
    {
        string sent = await Golden.OfAsync(options =>
        {
            options.AuthenticationMethod = method;
            options.ClientSecret = method == "none" ? null : "secret";
        });
        Assert.Equal(expected.ReplaceLineEndings("\n"), sent);
    }

    [Fact]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-230")]
    [Trait("Req", "R-231")]
    public async Task Everything_that_can_be_asked_for_is_form_encoded_UTF8()
    {
        string sent = await Golden.OfAsync(options =>
        {
            options.Scopes = ["orders.write", "orders.read"];
            options.Resources = ["https://a.example.com/é", "https://b.example.com"];
            options.Audience = "the api & more";
            options.AuthorizationDetails = "[{}]";
            options.Parameters["tenant"] = "köln+bonn=1";
        });
        Assert.EndsWith(
            "\n\ngrant_type=client_credentials&scope=orders.read+orders.write&resource=https%3A%2F%2Fa.example.com%2F%C3%A9&resource=https%3A%2F%2Fb.example.com"
            + "&audience=the+api+%26+more&authorization_details=%5B%7B%7D%5D&tenant=k%C3%B6ln%2Bbonn%3D1",
            sent,
            StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-005")]
    [Trait("Req", "R-020")]
    [InlineData("https://id.example.com/token?api-version=2&x=a%20b")]
    [InlineData("https://id.example.com/token?")]
    [InlineData("https://id.example.com:8443/a//b/../token")]
    public async Task The_endpoint_keeps_its_query_and_nothing_is_added_to_it(string endpoint)
    {
        string sent = await Golden.OfAsync(options => options.TokenEndpoint = endpoint);
        Assert.StartsWith($"POST {new Uri(endpoint).AbsoluteUri}\n", sent, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-023")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    [InlineData("none")]
    public async Task A_secret_is_never_sent_twice(string method)
    {
        string sent = await Golden.OfAsync(options =>
        {
            options.AuthenticationMethod = method;
            options.ClientSecret = method == "none" ? null : "secret";
        });
        string header = Convert.ToBase64String("shop:secret"u8);
        int places = sent.Split(header).Length - 1 + sent.Split("client_secret=").Length - 1;
        Assert.Equal(method == "none" ? 0 : 1, places);
    }

    [Fact]
    [Trait("Req", "R-023")]
    public async Task A_method_of_the_applications_own_replaces_ours()
    {
        string sent = await Golden.OfAsync(options => options.UseAuthentication(new Assertion()));
        Assert.Contains("client_assertion=jti-1", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", sent, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-024")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task A_wrong_secret_is_sent_once_and_in_one_style(string method)
    {
        using Golden golden = new(() => Respond.Error(HttpStatusCode.Unauthorized, "invalid_client"));
        using OneClient client = new(golden.Handler, options =>
        {
            options.AuthenticationMethod = method;
            options.MaxRetries = 2;
        });
        await client.FailAsync();
        Assert.Single(golden.Requests);
    }

    [Theory]
    [Trait("Req", "R-025")]
    [InlineData("grant_type")]
    [InlineData("client_id")]
    [InlineData("client_secret")]
    [InlineData("client_assertion")]
    [InlineData("client_assertion_type")]
    [InlineData("scope")]
    [InlineData("resource")]
    [InlineData("audience")]
    [InlineData("authorization_details")]
    [InlineData("DPoP")]
    [InlineData("Grant_Type")]
    [InlineData("CLIENT_SECRET")]
    [InlineData("")]
    public void What_the_library_sends_itself_cannot_be_set_a_second_time(string parameter)
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
        {
            options.TokenEndpoint = OneClient.Endpoint;
            options.ClientId = "shop";
            options.ClientSecret = "secret";
            options.Parameters[parameter] = "canary";
        }));
        Assert.Contains("ClientCredentials:Parameters", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TokenRequest { Parameters = new Dictionary<string, string> { [parameter] = "canary" } });
    }

    [Fact]
    [Trait("Req", "R-025")]
    public async Task A_callers_parameter_replaces_the_clients_instead_of_standing_beside_it()
    {
        string sent = await Golden.OfAsync(
            options => options.Parameters["tenant"] = "a",
            new TokenRequest { Parameters = new Dictionary<string, string> { ["tenant"] = "b" } });
        Assert.EndsWith("\n\ngrant_type=client_credentials&tenant=b", sent, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-025")]
    public async Task A_method_of_the_applications_own_cannot_write_a_parameter_twice()
    {
        using Golden golden = new();
        using OneClient client = new(golden.Handler, options => options.UseAuthentication(new Repeats()));
        await client.FailAsync();
        Assert.Empty(golden.Requests);
    }

    [Fact]
    [Trait("Req", "R-026")]
    public async Task What_has_no_value_is_left_out()
    {
        string sent = await Golden.OfAsync(
            options =>
            {
                options.Scopes = [];
                options.Audience = "";
                options.AuthorizationDetails = "";
            },
            new TokenRequest { Scopes = [], Resources = [], Audience = "", AuthorizationDetails = "" });
        Assert.EndsWith("\n\ngrant_type=client_credentials", sent, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TokenRequest { Parameters = new Dictionary<string, string> { ["tenant"] = "" } });
    }

    [Fact]
    [Trait("Req", "R-026")]
    public async Task What_a_caller_empties_is_left_out_though_the_client_has_it()
    {
        string sent = await Golden.OfAsync(
            options =>
            {
                options.Scopes = ["read"];
                options.Resources = ["https://api.example.com"];
                options.Audience = "api";
            },
            new TokenRequest { Scopes = [], Resources = [], Audience = "" });
        Assert.EndsWith("\n\ngrant_type=client_credentials", sent, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-027")]
    [InlineData("read write read", "read+write")]
    [InlineData("write|read|read write", "read+write")]
    [InlineData("!|#|[|]|~|https://a/b", "%21+%23+%5B+%5D+https%3A%2F%2Fa%2Fb+~")]
    [InlineData("read  write", null)]
    [InlineData(" read", null)]
    [InlineData("", null)]
    [InlineData("a\"b", null)]
    [InlineData("a\\b", null)]
    [InlineData("a\tb", null)]
    [InlineData("a\r\nb", null)]
    [InlineData("a\u007f", null)]
    [InlineData("é", null)]
    public async Task Scopes_are_checked_split_and_sent_once_each(string scopes, string? sent)
    {
        string[] list = scopes.Split('|');
        if (sent is null)
        {
            Assert.Throws<ArgumentException>(() => new TokenRequest { Scopes = list });
            Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
            {
                options.TokenEndpoint = OneClient.Endpoint;
                options.ClientId = "shop";
                options.ClientSecret = "secret";
                options.Scopes = list;
            }));
            return;
        }

        Assert.EndsWith($"&scope={sent}", await Golden.OfAsync(options => options.Scopes = list), StringComparison.Ordinal);
        Assert.EndsWith($"&scope={sent}", await Golden.OfAsync(_ => { }, new TokenRequest { Scopes = list }), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-027")]
    public void Every_character_outside_of_the_grammar_is_refused_in_a_scope()
    {
        for (int code = 0; code < 0x300; code++)
        {
            bool isAllowed = code is 0x20 or 0x21 or (>= 0x23 and <= 0x5B) or (>= 0x5D and <= 0x7E);
            Assert.Equal(isAllowed, Record.Exception(() => new TokenRequest { Scopes = [$"a{(char)code}b"] }) is null);
        }
    }

    [Fact]
    [Trait("Req", "R-029")]
    public async Task Every_attempt_has_a_proof_of_its_own()
    {
        using Golden golden = new(() => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        using OneClient client = new(golden.Handler, options =>
        {
            options.MaxRetries = 2;
            options.UseAuthentication(new Assertion());
        });
        await client.FailAsync();
        Assert.Equal(3, golden.Requests.Count);
        Assert.All(golden.Requests.Index(), request => Assert.Contains($"client_assertion=jti-{request.Index + 1}", request.Item, StringComparison.Ordinal));
        Assert.Equal(3, golden.Requests.Distinct().Count());
    }

    private sealed class Assertion : ClientAuthentication
    {
        private int _number;

        public override string Method => "private_key_jwt";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            attempt.AddParameter("client_assertion", $"jti-{++_number}");
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Repeats : ClientAuthentication
    {
        public override string Method => "custom";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            attempt.AddParameter("grant_type", "password");
            return ValueTask.CompletedTask;
        }
    }
}
