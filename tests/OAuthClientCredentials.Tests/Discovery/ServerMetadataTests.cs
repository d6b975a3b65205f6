using System.Text;
using OAuthClientCredentials.Discovery;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>What a metadata document may say, and where it may be (RFC 8414).</summary>
public sealed class ServerMetadataTests
{
    [Theory]
    [Trait("Req", "R-180")]
    [InlineData(
        "https://id.example.com",
        "https://id.example.com/.well-known/oauth-authorization-server",
        "https://id.example.com/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com/",
        "https://id.example.com/.well-known/oauth-authorization-server",
        "https://id.example.com/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com/tenant",
        "https://id.example.com/.well-known/oauth-authorization-server/tenant",
        "https://id.example.com/tenant/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com/tenant/",
        "https://id.example.com/.well-known/oauth-authorization-server/tenant",
        "https://id.example.com/tenant/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com/realms/shop/v2.0",
        "https://id.example.com/.well-known/oauth-authorization-server/realms/shop/v2.0",
        "https://id.example.com/realms/shop/v2.0/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com:8443/a",
        "https://id.example.com:8443/.well-known/oauth-authorization-server/a",
        "https://id.example.com:8443/a/.well-known/openid-configuration")]
    [InlineData(
        "https://id.example.com/a%20b",
        "https://id.example.com/.well-known/oauth-authorization-server/a%20b",
        "https://id.example.com/a%20b/.well-known/openid-configuration")]
    [InlineData(
        "http://127.0.0.1:5000/",
        "http://127.0.0.1:5000/.well-known/oauth-authorization-server",
        "http://127.0.0.1:5000/.well-known/openid-configuration")]
    public void The_document_is_inserted_as_RFC_8414_says_and_else_appended(string issuer, string inserted, string appended) =>
        Assert.Equal([inserted, appended], MetadataAddresses.For(issuer, null).Select(address => address.AbsoluteUri));

    [Fact]
    [Trait("Req", "R-180")]
    public void A_configured_address_overrides_both() =>
        Assert.Equal(
            ["https://cdn.example.com/meta"],
            MetadataAddresses.For("https://id.example.com", "https://cdn.example.com/meta").Select(address => address.AbsoluteUri));

    [Theory]
    [Trait("Req", "R-181")]
    [InlineData("https://id.example.com")]
    [InlineData("https://id.example.com/Tenant/")]
    [InlineData("https://id.example.com/tenant")]
    [InlineData("https://ID.example.com/tenant/")]
    [InlineData("https://id.example.com:443/tenant/")]
    [InlineData("http://id.example.com/tenant/")]
    [InlineData("https://other.example.com/tenant/")]
    [InlineData("")]
    [InlineData(null)]
    public void Another_issuer_is_refused_to_the_letter(string? issuer)
    {
        FormatException exception = Assert.Throws<FormatException>(() => Parse(issuer, "https://id.example.com/token", "https://id.example.com/tenant/"));
        string told = string.IsNullOrEmpty(issuer) ? "no issuer" : $"the issuer '{issuer}'";
        Assert.Equal($"it names {told}, but Authority is 'https://id.example.com/tenant/'. Set Authority to the issuer", exception.Message);
    }

    [Theory]
    [Trait("Req", "R-182")]
    [InlineData("https://id.example.com/token", true)]
    [InlineData("https://id.example.com:9443/token", true)]
    [InlineData("https://ID.EXAMPLE.COM/token?x=1", true)]
    [InlineData("https://mtls.id.example.com/token", true)]
    [InlineData("https://tokens.example.net/token", true)]
    [InlineData("https://TOKENS.example.net/token", true)]
    [InlineData("https://example.com/token", false)]
    [InlineData("https://evil-id.example.com/token", false)]
    [InlineData("https://id.example.com.evil.org/token", false)]
    [InlineData("https://id.example.com@evil.org/token", false)]
    [InlineData("https://id.example.com./token", false)]
    [InlineData("https://a.tokens.example.net/token", false)]
    [InlineData("http://id.example.com/token", false)]
    [InlineData("https://169.254.169.254/token", false)]
    [InlineData("http://169.254.169.254/latest", false)]
    [InlineData("http://127.0.0.1/token", false)]
    [InlineData("http://localhost/token", false)]
    [InlineData("https://10.0.0.8/token", false)]
    [InlineData("https://[::1]/token", false)]
    [InlineData("https://[fd00::1]/token", false)]
    [InlineData("https://id.example.com/token#fragment", false)]
    [InlineData("/token", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void An_endpoint_is_on_the_issuers_host_or_on_one_that_is_listed(string? endpoint, bool isAccepted)
    {
        if (isAccepted)
        {
            Assert.Equal(new Uri(endpoint!), Parse("https://id.example.com", endpoint, "https://id.example.com").TokenEndpoint);
        }
        else
        {
            Assert.Throws<FormatException>(() => Parse("https://id.example.com", endpoint, "https://id.example.com"));
        }
    }

    [Fact]
    [Trait("Req", "R-182")]
    public void An_endpoint_on_another_host_is_refused_with_the_line_to_add()
    {
        FormatException exception = Assert.Throws<FormatException>(() => Parse("https://accounts.example.com", "https://oauth2.example.org/token", "https://accounts.example.com"));
        Assert.Contains("If 'oauth2.example.org' is right, add it to AllowedEndpointHosts", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-182")]
    [InlineData("169.254.169.254")]
    [InlineData("192.168.0.9")]
    [InlineData("localhost")]
    public void A_private_address_is_refused_though_it_is_listed(string host) =>
        Assert.Throws<FormatException>(() => Read(Document("https://id.example.com", $"https://{host}/token"), hosts: host));

    [Fact]
    [Trait("Req", "R-182")]
    public void A_private_issuer_may_have_private_endpoints() =>
        Assert.Equal(
            "http://127.0.0.1:5001/token",
            Parse("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token", "http://127.0.0.1:5000/").TokenEndpoint.AbsoluteUri);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("\"x\"")]
    [InlineData("<html>")]
    [InlineData("{}")]
    [InlineData("{\"error\":\"not_found\"}")]
    [InlineData("{\"issuer\":\"https://id.example.com\",\"issuer\":\"https://id.example.com\"")]
    public void A_response_that_is_not_a_JSON_object_with_an_issuer_is_no_document(string document) =>
        Assert.Null(MetadataDocument.Parse(Encoding.UTF8.GetBytes(document), "https://id.example.com"));

    [Fact]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-181")]
    public void Another_issuer_is_quoted_on_one_line_and_in_short()
    {
        byte[] document = Document("https://evil.example.com/\r\nWARN " + new string('x', 10_000), "https://id.example.com/token");
        string message = Assert.Throws<FormatException>(() => Read(document)).Message;
        Assert.InRange(message.Length, 0, 400);
        Assert.Contains("'https://evil.example.com/  WARN xxx", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-044")]
    [InlineData("\"issuer\":\"https://id.example.com\"")]
    [InlineData("\"token_endpoint\":\"https://id.example.com/other\"")]
    [InlineData("\"token_\\u0065ndpoint\":\"https://id.example.com/other\"")]
    [InlineData("\"x\":1,\"x\":2")]
    public void A_member_that_comes_twice_is_an_error(string members) =>
        Assert.Contains(
            "it has a member twice",
            Assert.Throws<FormatException>(() => Read(With(members))).Message,
            StringComparison.Ordinal);

    [Theory]
    [Trait("Req", "R-042")]
    [InlineData("\"\\ud800\":1")]
    [InlineData("\"token_endpoint_auth_methods_supported\":[\"\\ud800\"]")]
    public void An_escaped_half_character_is_refused(string members) =>
        Assert.Contains("not valid text", Assert.Throws<FormatException>(() => Read(With(members))).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Req", "R-185")]
    public void Signed_metadata_is_ignored() =>
        Assert.Equal(
            "https://id.example.com/token",
            Read(With("\"signed_metadata\":\"eyJhbGciOiJub25lIn0.eyJ0b2tlbl9lbmRwb2ludCI6Imh0dHBzOi8vaWQuZXhhbXBsZS5jb20vb3RoZXIifQ.\"")).TokenEndpoint.AbsoluteUri);

    [Fact]
    [Trait("Req", "R-042")]
    public void A_byte_order_mark_does_no_harm() =>
        Assert.Equal("https://id.example.com/token", Read((byte[])[0xEF, 0xBB, 0xBF, .. With("\"x\":1")]).TokenEndpoint.AbsoluteUri);

    private static byte[] With(string members) => Encoding.UTF8.GetBytes($$"""{"issuer":"https://id.example.com","token_endpoint":"https://id.example.com/token",{{members}}}""");

    private static ServerMetadata Parse(string? issuer, string? endpoint, string configured) =>
        Read(Document(issuer, endpoint), configured, "tokens.example.net");

    private static ServerMetadata Read(byte[] document, string issuer = "https://id.example.com", params string[] hosts) =>
        MetadataDocument.Parse(document, issuer)!.Read(allowInsecureHttp: false, hosts);

    private static byte[] Document(string? issuer, string? endpoint) =>
        Encoding.UTF8.GetBytes($$"""{"issuer":{{Text(issuer)}},"token_endpoint":{{Text(endpoint)}},"grant_types_supported":["authorization_code"]}""");

    private static string Text(string? value) => value is null ? "null" : $"\"{System.Text.Json.JsonEncodedText.Encode(value)}\"";
}
