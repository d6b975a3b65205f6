using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>Where a metadata document may be, and what it may say (RFC 8414).</summary>
public sealed class MetadataDocumentTests
{
    private const string Host = "https://id.example.com";
    private const string Inserted = "/.well-known/oauth-authorization-server";
    private const string Appended = "/.well-known/openid-configuration";

    public static TheoryData<string?> OtherIssuers =>
    [
        "https://id.example.com", "https://id.example.com/Tenant/", "https://id.example.com/tenant", "https://ID.example.com/tenant/",
        "https://id.example.com:443/tenant/", "http://id.example.com/tenant/", "https://other.example.com/tenant/", "", null,
    ];

    public static TheoryData<string> AcceptedEndpoints =>
    [
        "https://id.example.com/token", "https://id.example.com:9443/token", "https://ID.EXAMPLE.COM/token?x=1",
        "https://mtls.id.example.com/token", "https://tokens.example.net/token", "https://TOKENS.example.net/token",
    ];

    public static TheoryData<string?> RefusedEndpoints =>
    [
        "https://example.com/token", "https://evil-id.example.com/token", "https://id.example.com.evil.org/token",
        "https://id.example.com@evil.org/token", "https://id.example.com./token", "https://a.tokens.example.net/token",
        "http://id.example.com/token", "https://id.example.com/token#fragment", "/token", "", null,

        // These are on the list of hosts, and private.
        "https://169.254.169.254/token", "http://169.254.169.254/latest", "https://192.168.0.9/token", "http://localhost/token",
        "https://10.0.0.8/token", "http://127.0.0.1/token", "https://[::1]/token", "https://[fd00::1]/token",
    ];

    [Theory]
    [Trait("Req", "R-180")]
    [InlineData(Host, Host + Inserted, Host + Appended)]
    [InlineData(Host + "/", Host + Inserted, Host + Appended)]
    [InlineData(Host + "/tenant", Host + Inserted + "/tenant", Host + "/tenant" + Appended)]
    [InlineData(Host + "/tenant/", Host + Inserted + "/tenant", Host + "/tenant" + Appended)]
    [InlineData(Host + "/realms/shop/v2.0", Host + Inserted + "/realms/shop/v2.0", Host + "/realms/shop/v2.0" + Appended)]
    [InlineData(Host + ":8443/a", Host + ":8443" + Inserted + "/a", Host + ":8443/a" + Appended)]
    [InlineData(Host + "/a%20b", Host + Inserted + "/a%20b", Host + "/a%20b" + Appended)]
    [InlineData("http://127.0.0.1:5000/", "http://127.0.0.1:5000" + Inserted, "http://127.0.0.1:5000" + Appended)]
    public void Document_is_inserted_as_RFC_8414_says_or_else_appended(string issuer, string inserted, string appended) =>
        Assert.Equal([inserted, appended], MetadataAddresses.For(issuer, null).Select(address => address.AbsoluteUri));

    [Theory]
    [Trait("Req", "R-181")]
    [MemberData(nameof(OtherIssuers))]
    public void Issuer_that_differs_in_one_character_is_refused(string? issuer)
    {
        byte[] document = Document(issuer, "https://id.example.com/token");
        FormatException exception = Assert.Throws<FormatException>(() => Read(document, "https://id.example.com/tenant/"));
        Assert.Contains("'https://id.example.com/tenant/'", exception.Message, StringComparison.Ordinal);
        Assert.Contains(string.IsNullOrEmpty(issuer) ? "issuer" : $"'{issuer}'", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-182")]
    [MemberData(nameof(AcceptedEndpoints))]
    public void Endpoint_on_the_issuers_host_or_on_a_listed_one_is_accepted(string endpoint) =>
        Assert.Equal(new Uri(endpoint), Read(Document("https://id.example.com", endpoint)).TokenEndpoint);

    [Theory]
    [Trait("Req", "R-182")]
    [MemberData(nameof(RefusedEndpoints))]
    public void Endpoint_elsewhere_or_at_a_private_address_is_refused(string? endpoint) =>
        Assert.Throws<FormatException>(() => Read(Document("https://id.example.com", endpoint)));

    [Fact]
    [Trait("Req", "R-182")]
    public void Private_issuer_may_have_private_endpoints() =>
        Assert.Equal(
            "http://127.0.0.1:5001/token",
            Read(Document("http://127.0.0.1:5000/", "http://127.0.0.1:5001/token"), "http://127.0.0.1:5000/").TokenEndpoint.AbsoluteUri);

    [Fact]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-181")]
    public void Another_issuer_is_quoted_on_one_line_and_shortened()
    {
        byte[] document = Document("https://evil.example.com/\r\nWARN " + new string('x', 10_000), "https://id.example.com/token");
        string message = Assert.Throws<FormatException>(() => Read(document)).Message;
        Assert.InRange(message.Length, 0, 400);
        Assert.Contains("'https://evil.example.com/  WARN xxx", message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-042")]
    [Trait("Req", "R-044")]
    [InlineData("\"issuer\":\"https://id.example.com\"", "member")]
    [InlineData("\"token_endpoint\":\"https://id.example.com/other\"", "member")]
    [InlineData("\"token_\\u0065ndpoint\":\"https://id.example.com/other\"", "member")]
    [InlineData("\"x\":1,\"x\":2", "member")]
    [InlineData("\"\\ud800\":1", "valid text")]
    [InlineData("\"token_endpoint_auth_methods_supported\":[\"\\ud800\"]", "valid text")]
    public void Duplicate_member_or_lone_surrogate_is_an_error(string members, string problem) =>
        Assert.Contains(problem, Assert.Throws<FormatException>(() => Read(With(members))).Message, StringComparison.Ordinal);

    [Fact]
    [Trait("Req", "R-042")]
    [Trait("Req", "R-185")]
    public void Signed_metadata_and_a_byte_order_mark_are_ignored()
    {
        const string Signed = "eyJhbGciOiJub25lIn0.eyJ0b2tlbl9lbmRwb2ludCI6Imh0dHBzOi8vaWQuZXhhbXBsZS5jb20vb3RoZXIifQ.";
        byte[] document = [0xEF, 0xBB, 0xBF, .. With($"\"signed_metadata\":\"{Signed}\"")];
        Assert.Equal("https://id.example.com/token", Read(document).TokenEndpoint.AbsoluteUri);
    }

    private static byte[] With(string members) =>
        Encoding.UTF8.GetBytes($$"""{"issuer":"https://id.example.com","token_endpoint":"https://id.example.com/token",{{members}}}""");

    private static ServerMetadata Read(byte[] document, string issuer = "https://id.example.com") =>
        MetadataDocument.Parse(document, issuer)!.Read(
            PlainHttp.Loopback,
            ["tokens.example.net", "169.254.169.254", "192.168.0.9", "localhost", "10.0.0.8", "127.0.0.1", "[::1]", "[fd00::1]"]);

    private static byte[] Document(string? issuer, string? endpoint) =>
        Encoding.UTF8.GetBytes($$"""{"issuer":{{Quote(issuer)}},"token_endpoint":{{Quote(endpoint)}}}""");

    private static string Quote(string? value) => value is null ? "null" : $"\"{JsonEncodedText.Encode(value)}\"";
}
