using System.Net;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>The token request (RFC 6749 section 4.4.2), to the character.</summary>
public sealed class TokenRequestMessageTests
{
    public static TheoryData<string> Reserved =>
    [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "audience",
        "authorization_details", "DPoP", "Grant_Type", "CLIENT_SECRET", "",
    ];

    [Theory]
    [Trait("Req", "R-020")]
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
    public async Task Each_authentication_method_has_one_place_in_the_request(string? method, string expected)
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(options =>
            (options.AuthenticationMethod, options.ClientSecret) = (method, method == "none" ? null : "secret"));
        Assert.Equal(expected.ReplaceLineEndings("\n"), sent);
    }

    [Theory]
    [Trait("Req", "R-023")]
    [InlineData("client_secret_basic")]
    [InlineData("client_secret_post")]
    public async Task Secret_is_sent_in_one_place_of_the_request(string method)
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(options =>
            (options.AuthenticationMethod, options.ClientSecret) = (method, "canary"));
        string basic = Convert.ToBase64String("shop:canary"u8);
        Assert.Equal(2, sent.Replace(basic, "canary", StringComparison.Ordinal).Split("canary").Length);
    }

    [Fact]
    [Trait("Req", "R-020")]
    [Trait("Req", "R-230")]
    [Trait("Req", "R-231")]
    public async Task Everything_that_can_be_requested_is_form_encoded_UTF8()
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(options =>
        {
            options.Scopes = ["orders.write", "orders.read"];
            options.Resources = ["https://a.example.com/é", "https://b.example.com"];
            options.Audience = "the api & more";
            options.AuthorizationDetails = "[{}]";
            options.Parameters["tenant"] = "köln+bonn=1";
        });
        Assert.EndsWith(
            "\n\ngrant_type=client_credentials&scope=orders.read+orders.write"
            + "&resource=https%3A%2F%2Fa.example.com%2F%C3%A9&resource=https%3A%2F%2Fb.example.com&audience=the+api+%26+more"
            + "&authorization_details=%5B%7B%7D%5D&tenant=k%C3%B6ln%2Bbonn%3D1",
            sent,
            StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-005")]
    [Trait("Req", "R-020")]
    [InlineData("https://id.example.com/token?api-version=2&x=a%20b")]
    [InlineData("https://id.example.com/token?")]
    [InlineData("https://id.example.com:8443/a//b/../token")]
    public async Task Endpoint_keeps_its_query_and_nothing_is_added_to_it(string endpoint)
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(options => options.TokenEndpoint = endpoint);
        Assert.StartsWith($"POST {new Uri(endpoint).AbsoluteUri}\n", sent, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-025")]
    [MemberData(nameof(Reserved))]
    public void Parameters_of_the_protocol_cannot_be_set_a_second_time(string parameter)
    {
        OptionsValidationException exception = Refuse(options => options.Parameters[parameter] = "canary");
        Assert.Contains("The default client: Parameters", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TokenRequest { Parameters = new Dictionary<string, string> { [parameter] = "canary" } });
    }

    [Fact]
    [Trait("Req", "R-025")]
    public async Task Parameter_of_a_call_replaces_that_of_the_client()
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(
            options => options.Parameters["tenant"] = "a",
            new TokenRequest { Parameters = new Dictionary<string, string> { ["tenant"] = "b" } });
        Assert.EndsWith("\n\ngrant_type=client_credentials&tenant=b", sent, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-025")]
    public async Task Custom_authentication_cannot_write_a_parameter_twice()
    {
        using RecordingHandler server = new();
        await using TestTokenClient client = new(options => options.UseAuthentication(new Writing("grant_type")), handler: server);
        await client.FailAsync();
        Assert.Empty(server.Requests);
    }

    [Theory]
    [Trait("Req", "R-026")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Parameters_without_a_value_are_left_out(bool isConfigured)
    {
        string sent = await RecordingHandler.GetTokenRequestAsync(
            options =>
            {
                (options.Scopes, options.Audience, options.AuthorizationDetails) = ([], "", "");
                if (isConfigured)
                {
                    (options.Scopes, options.Resources, options.Audience) = (["read"], ["https://api.example.com"], "api");
                }
            },
            new TokenRequest { Scopes = [], Resources = [], Audience = "", AuthorizationDetails = "" });
        Assert.EndsWith("\n\ngrant_type=client_credentials", sent, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new TokenRequest { Parameters = new Dictionary<string, string> { ["tenant"] = "" } });
    }

    [Fact]
    [Trait("Req", "R-356")]
    public async Task A_resource_is_a_URI_or_a_GUID_and_is_sent_once()
    {
        const string Id = "00000002-0000-0000-c000-000000000000";
        string[] twice = [Id, "https://api.example.com", Id, "https://api.example.com"];
        const string Sent = $"\n\ngrant_type=client_credentials&resource={Id}&resource=https%3A%2F%2Fapi.example.com";
        string ofClient = await RecordingHandler.GetTokenRequestAsync(options => options.Resources = twice);
        string ofCall = await RecordingHandler.GetTokenRequestAsync(_ => { }, new TokenRequest { Resources = twice });
        Assert.EndsWith(Sent, ofClient, StringComparison.Ordinal);
        Assert.EndsWith(Sent, ofCall, StringComparison.Ordinal);
        Assert.Equal(new TokenRequest { Resources = twice }, new TokenRequest { Resources = twice[..2] });
        Assert.Throws<ArgumentException>(() => new TokenRequest { Resources = ["{00000002-0000-0000-c000-000000000000}"] });
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
    [InlineData("a\r\nb", null)]
    public async Task Scopes_are_checked_split_and_sent_once_each(string scopes, string? sent)
    {
        string[] list = scopes.Split('|');
        if (sent is null)
        {
            Assert.Throws<ArgumentException>(() => new TokenRequest { Scopes = list });
            Refuse(options => options.Scopes = list);
            return;
        }

        string ofClient = await RecordingHandler.GetTokenRequestAsync(options => options.Scopes = list);
        string ofCall = await RecordingHandler.GetTokenRequestAsync(_ => { }, new TokenRequest { Scopes = list });
        Assert.EndsWith($"&scope={sent}", ofClient, StringComparison.Ordinal);
        Assert.EndsWith($"&scope={sent}", ofCall, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-027")]
    public void Characters_outside_of_the_grammar_are_refused_in_a_scope()
    {
        for (int code = 0; code < 0x300; code++)
        {
            bool isAllowed = code is 0x20 or 0x21 or (>= 0x23 and <= 0x5B) or (>= 0x5D and <= 0x7E);
            Assert.Equal(isAllowed, Record.Exception(() => new TokenRequest { Scopes = [$"a{(char)code}b"] }) is null);
        }
    }

    [Theory]
    [Trait("Req", "R-230")]
    [InlineData("https://a.example.com", "&resource=https%3A%2F%2Fa.example.com")]
    [InlineData("https://b.example.com?x=1|urn:a", "&resource=https%3A%2F%2Fb.example.com%3Fx%3D1&resource=urn%3Aa")]
    [InlineData("orders", null)]
    [InlineData("orders/1", null)]
    [InlineData("https://a.example.com/#b", null)]
    [InlineData("https://a.example.com|https://b.example.com#", null)]
    [InlineData("", null)]
    public async Task Resources_are_checked_and_sent_as_separate_parameters(string resources, string? sent)
    {
        string[] list = resources.Split('|');
        if (sent is null)
        {
            Assert.Throws<ArgumentException>(() => new TokenRequest { Resources = list });
            Refuse(options => options.Resources = list);
            return;
        }

        string ofClient = await RecordingHandler.GetTokenRequestAsync(options => options.Resources = list);
        string ofCall = await RecordingHandler.GetTokenRequestAsync(_ => { }, new TokenRequest { Resources = list });
        Assert.EndsWith($"grant_type=client_credentials{sent}", ofClient, StringComparison.Ordinal);
        Assert.EndsWith($"grant_type=client_credentials{sent}", ofCall, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-023")]
    [Trait("Req", "R-029")]
    public async Task Every_attempt_has_a_proof_of_its_own_and_no_other()
    {
        using RecordingHandler server = new(_ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        await using TestTokenClient client = new(
            options =>
            {
                options.MaxRetries = 2;
                options.UseAuthentication(new Writing("client_assertion"));
            },
            handler: server);
        await client.FailAsync();
        Assert.Equal(3, server.Requests.Distinct().Count());
        Assert.All(server.Requests.Index(), request =>
        {
            Assert.Contains($"client_assertion=number-{request.Index + 1}", request.Item, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", request.Item, StringComparison.Ordinal);
            Assert.DoesNotContain("Authorization", request.Item, StringComparison.Ordinal);
        });
    }

    private static OptionsValidationException Refuse(Action<ClientCredentialsOptions> configure) =>
        Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (TestProvider.TokenEndpoint, "shop", "secret");
            configure(options);
        }));

    /// <summary>Writes one parameter, with another value for each attempt.</summary>
    private sealed class Writing(string parameter) : ClientAuthentication
    {
        private int _number;

        public override string Method => "custom";

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            request.AddParameter(parameter, $"number-{++_number}");
            return ValueTask.CompletedTask;
        }
    }
}
