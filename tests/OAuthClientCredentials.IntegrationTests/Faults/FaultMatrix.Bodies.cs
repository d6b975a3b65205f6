using System.Text;
using static OAuthClientCredentials.IntegrationTests.Faults.ExpectedResult;
using static OAuthClientCredentials.IntegrationTests.Faults.Fault;
using static OAuthClientCredentials.IntegrationTests.Faults.FaultBodies;
using static OAuthClientCredentials.IntegrationTests.Faults.FaultCase;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>Response bodies. The unit tests of the two readers have the full tables of members, error codes and encodings.</summary>
internal static partial class FaultMatrix
{
    private const string Html = "Content-Type: text/html\r\n";
    private const string Page = "<html><body>canary-token</body></html>";

    /// <summary>Bodies that would fill the memory if the library decompressed or kept them.</summary>
    public static IEnumerable<FaultCase> Sizes =>
    [
        Both("a large gzip body", Ok(Gzip, "Content-Encoding: gzip\r\n" + Json), Fails(200)),
        Both("a large deflate body", Ok(Deflate, "Content-Encoding: deflate\r\n" + Json), Fails(200)),
        Both("a large br body", Ok(Brotli, "Content-Encoding: br\r\n" + Json), Fails(200)),
        Both("a body with several encodings", Ok(Gzip, "Content-Encoding: gzip, gzip, br\r\n" + Json), Fails(200)),
        Both("gzip as a transfer coding", Send($"{Head}Transfer-Encoding: gzip, chunked\r\n\r\n{GzipChunk}0\r\n\r\n", Open), Fails(200)),
        Token("as many members as possible", Ok(c => c.ValidBody[..^1] + Members), Fails(200)),
        Both("50 MiB", Flood($"{Head}Content-Length: {Huge}\r\n\r\n", " ", Huge), FailsAsTooLarge(200)),
        Both("50 MiB of tokens", Flood($"{Head}Content-Length: {Huge}\r\n\r\n{{\"access_token\":\"", "canary", Huge), FailsAsTooLarge(200)),
        Both("50 MiB in an error", Flood($"HTTP/1.1 400 X\r\nContent-Length: {Huge}\r\n\r\n", " ", Huge), FailsAsTooLarge(400)),
        Both("an endless body", Flood(Head + "\r\n", " "), FailsAsTooLarge(200)),
        Both("endless chunks", Flood(Chunked, "1\r\n \r\n"), FailsAsTooLarge(200)),
        Both("an endless body after 101", Flood("HTTP/1.1 101 X\r\n\r\n", " "), FailsAsTooLarge(101)),
    ];

    private static string GzipChunk => $"{Gzip.Length:x}\r\n{Encoding.Latin1.GetString(Gzip)}\r\n";

    private static IEnumerable<FaultCase> Errors =>
    [
        Token("invalid_client with 200", Status(200, """{"error":"invalid_client"}"""), Fails(200, "invalid_client")),
        Token("invalid_client with 503", Status(503, """{"error":"invalid_client"}"""), FailsTransiently(503, "invalid_client")),
        Token("server_error with 400", Status(400, """{"error":"server_error"}"""), FailsTransiently(400, "server_error")),
        Token("control characters", Status(401, """{"error":"\u0007\n"}"""), Fails(401) with { Message = "the client's credential" }),
        Token(
            "an error_uri at another origin",
            Status(400, _ => Json, c => $$"""{"error":"invalid_scope","error_uri":"{{c.OtherOrigin}}/"}"""),
            Fails(400, "invalid_scope")),
        Token(
            "the request as error_description",
            Status(400, _ => Json, c => $$"""{"error":"invalid_request","error_description":"{{c.RequestLine}}"}"""),
            Fails(400, "invalid_request")),
        Both("the request as the status line", Send(c => c.RequestLine + "\r\n", Close), FailsTransiently()),
        Both(
            "the request as a header",
            Send(c => $"{Head}{c.RequestLine.Replace(":", "", StringComparison.Ordinal)}\r\n\r\n", Close),
            FailsTransiently()),
    ];

    private static IEnumerable<FaultCase> Bodies =>
    [
        Both("HTML with 200", Ok(_ => Page, Html), Fails(200)),
        Both("200 without a body", Ok(_ => ""), Fails(200)),
        Both("204", Send("HTTP/1.1 204 X\r\n\r\n", Open), Fails(204)),
        Both("205", Send("HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n", Open), Fails(205)),
        Both("201", Status(201, _ => Json, c => c.ValidBody), Succeeds),
        Both("an array", Ok(c => $"[{c.ValidBody}]"), Fails(200)),
        Both("a form", Ok(_ => "access_token=canary-token", "Content-Type: application/x-www-form-urlencoded\r\n"), Fails(200)),
        Both("an incomplete object", Ok(c => c.ValidBody[..^1]), Fails(200)),
        Both("text after the object", Ok(c => c.ValidBody + "canary-token"), Fails(200)),
        Both("a trailing comma", Ok(c => c.ValidBody[..^1] + ",}"), Fails(200)),
        Both("a comment", Ok(c => "/* canary-token */" + c.ValidBody), Fails(200)),
        Both("a prefix against script inclusion", Ok(c => ")]}',\n" + c.ValidBody), Fails(200)),
        Both("spaces around the object", Ok(c => $"\r\n\t {c.ValidBody} \n"), Succeeds),
        Both("unknown members", Ok(c => With(c, "x", """[[{"access_token":"canary-token"}]]""")), Succeeds),
        Both("a depth of 17", Ok(c => With(c, "x", new string('[', 17) + new string(']', 17))), Fails(200)),
        Both("a depth of 100,000 without an end", Ok(_ => new string('[', 100_000)), Fails(200)),
        Both("a duplicate member", Ok(c => With(c, "x", "1,\"x\":2")), Fails(200)),
        Both("a name that is not text", Ok(c => With(c, "\\ud800", "1")), Fails(200)),
        Both("another charset", Ok(headers: "Content-Type: text/html; charset=utf-7\r\n"), Succeeds),
        Both("two media types", Ok(headers: "Content-Type: application/json\r\nContent-Type: ;;;\r\n"), Succeeds),
        Both("a byte order mark", Ok(c => "\uFEFF" + c.ValidBody), Succeeds),
        Both("two byte order marks", Ok(c => "\uFEFF\uFEFF" + c.ValidBody), Fails(200)),
        Both("UTF-16", Ok(Encoding.Unicode, c => c.ValidBody), Fails(200)),
        Both("Latin-1", Ok(Encoding.Latin1, c => With(c, "x", "\"é\"")), Fails(200)),
        Both("NUL bytes", Ok(c => c.ValidBody + "\0"), Fails(200)),
        Token("a token with a line break", Ok(c => With(c, "access_token", "\"a\\nX: 1\"")), Fails(200)),
        Metadata("another issuer", Ok(c => With(c, "issuer", $"\"{c.OtherOrigin}\"")), Fails(200)),
        Metadata("issuer with a trailing slash", Ok(c => With(c, "issuer", $"\"{c.Origin}/\"")), Fails(200)),
        Metadata("token_endpoint twice", Ok(c => With(c, "x", $"1,\"token_endpoint\":\"{c.Origin}/stolen\"")), Fails(200)),
        Metadata("token_endpoint with user info", Ok(c => With(c, "token_endpoint", "\"http://127.0.0.1@evil.example/\"")), Fails(200)),
        Metadata("token_endpoint at a private address", Ok(c => With(c, "token_endpoint", "\"http://169.254.169.254/token\"")), Fails(200)),
        Metadata("methods are not an array", Ok(c => With(c, "token_endpoint_auth_methods_supported", "{}")), Succeeds),
        Metadata("no supported method", Ok(c => With(c, "token_endpoint_auth_methods_supported", "[\"none\"]")), Fails()),
    ];

    private static ExpectedResult FailsAsTooLarge(int status) => Fails(status) with { Message = "larger than 262144 bytes" };
}
