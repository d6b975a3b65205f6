using System.Text;
using static OAuthClientCredentials.IntegrationTests.Faults.Bodies;
using static OAuthClientCredentials.IntegrationTests.Faults.Fault;
using static OAuthClientCredentials.IntegrationTests.Faults.Outcome;
using static OAuthClientCredentials.IntegrationTests.Faults.Row;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>What can go wrong at an endpoint, and what must come of it. Secret and tokens have "canary" in them; no cell may tell it.</summary>
internal static class FaultMatrix
{
    private const string Html = "Content-Type: text/html\r\n";
    private const string Head = "HTTP/1.1 200 OK\r\n" + Peer.Json;
    private const string Chunked = Head + "Transfer-Encoding: chunked\r\n\r\n";
    private const string Page = "<html><body>canary-token</body></html>";

    public static IReadOnlyList<Row> Rows { get; } =
    [
        .. Connections, .. Time, .. Framing, .. Interim, .. Redirects, .. Statuses, .. Codes, .. Content, .. TokenMembers, .. MetadataMembers,
        .. Charsets, .. Sizes, .. Headers, .. Certified,
    ];

    // The platform sends a GET again by itself when the connection ends before an answer, three times.
    private static Outcome PassesButGetsAreRepeated => Passes() with { Seen = 4 };

    private static IEnumerable<Row> Connections =>
    [
        Both("refused", Refused, Passes() with { Seen = 0 }),
        new("closed on connect", OnConnect(Close), Passes(), PassesButGetsAreRepeated),
        Both("reset on connect", OnConnect(Reset), Passes()),
        new("closed before the headers", Send("", Close), Passes(), PassesButGetsAreRepeated),
        Both("reset before the headers", Send("", Reset), Passes()),
        Both("closed in the headers", Send(Head, Close), Passes()),
        Both("reset in the headers", Send(Head, Reset), Passes()),
        Both("closed in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Close), Passes()),
        Both("reset in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Reset), Passes()),
        Both("reset in a chunk", Send(Chunked + "9\r\n{", Reset), Passes()),
        Both("closed after the end", Send(peer => $"{Head}Content-Length: {peer.Good.Length}\r\n\r\n{peer.Good}", Close), Works),
    ];

    private static IEnumerable<Row> Time =>
    [
        // The retry waits for the connection that the first attempt began.
        Both("silent on connect, with TLS", OnConnect(Hang, tls: true), TakesTooLong with { Seen = 1 }),
        Both("silent before the headers", Send("", Hang), TakesTooLong),
        Both("silent in the headers", Send(Head, Hang), TakesTooLong),
        Both("silent in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Hang), TakesTooLong),
        Both("slow headers", Drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), TakesTooLong),
        Both("slow header", Drip("HTTP/1.1 200 OK\r\nX: ", "y"), TakesTooLong),
        Both("slow body", Drip(Head + "\r\n{", " "), TakesTooLong),
        Both("slow chunks", Drip(Chunked, "1\r\n \r\n"), TakesTooLong),
        Both("slow interim answers", Drip("", "HTTP/1.1 102 Wait\r\n\r\n"), TakesTooLong),
        Both("endless interim answers", Flood("", "HTTP/1.1 102 Wait\r\n\r\n"), TakesTooLong),
    ];

    private static IEnumerable<Row> Framing =>
    [
        Both("truncated", Send(peer => Head + "\r\n" + peer.Good[..^5], Close), Lasts(200)),
        Both("Content-Length too long", Send(peer => $"{Head}Content-Length: {peer.Good.Length + 1}\r\n\r\n{peer.Good}", Close), Passes()),
        Both("Content-Length too short", Send(peer => $"{Head}Content-Length: {peer.Good.Length - 1}\r\n\r\n{peer.Good}", Open), Lasts(200)),
        Both("Content-Length negative", Send(peer => $"{Head}Content-Length: -1\r\n\r\n{peer.Good}", Close), Works),
        Both("Content-Length no number", Send(peer => $"{Head}Content-Length: x\r\n\r\n{peer.Good}", Close), Works),
        Both("two Content-Lengths", Send(peer => $"{Head}Content-Length: 1\r\nContent-Length: {peer.Good.Length}\r\n\r\n{peer.Good}", Close), Lasts(200)),
        Both("no Content-Length", Send(peer => $"{Head}\r\n{peer.Good}", Close), Works),
        Both("chunks", Send(peer => $"{Chunked}1\r\n{{\r\n{peer.Good.Length - 1:x};ext=1\r\n{peer.Good[1..]}\r\n0\r\nTrailer: 1\r\n\r\n", Open), Works),
        Both("chunk size is garbage", Send(Chunked + "canary-token\r\n", Open), Passes()),
        Both("chunk size overflows", Send(Chunked + "ffffffffffffffffff\r\n{", Open), Passes()),
        Both("chunk size negative", Send(Chunked + "-1\r\n{", Open), Passes()),
        Both("chunk without its end", Send(Chunked + "1\r\n{canary-token\r\n", Open), Passes()),
        Both("chunks without the last", Send(peer => $"{Chunked}{peer.Good.Length:x}\r\n{peer.Good}\r\n", Close), Passes()),
        Both("chunk extension without end", Flood(Chunked + "1;", "x"), Passes()),
        Both("trailers without end", Flood(Chunked + "0\r\n", "X: y\r\n"), Passes()),
        Both("chunked is no last coding", Send(peer => $"{Head}Transfer-Encoding: gzip\r\n\r\n{peer.Good}", Close), Works),
        Both("no HTTP", Send("SSH-2.0-canary-token\r\n", Close), Passes()),
        Both("a bare body", Send(peer => peer.Good + "\r\n", Close), Passes()),
        Both("a status that is no number", Send("HTTP/1.1 2x0 canary-token\r\n\r\n", Close), Passes()),
        Both("HTTP/2 without being asked", Send("\0\0\u0012\u0004\0\0\0\0\0", Close), Passes()),
        Both("another answer behind the first", Send(peer => $"{Head}Content-Length: {peer.Good.Length}\r\n\r\n{peer.Good}HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n{{\"access_token\":\"stolen\"}}", Open) with { Calls = 2 }, Works),
    ];

    private static IEnumerable<Row> Interim =>
    [
        Both("100 first", Send(peer => $"HTTP/1.1 100 Continue\r\n\r\n{Head}Content-Length: {peer.Good.Length}\r\n\r\n{peer.Good}", Open), Works),
        Both("103 five times first", Send(peer => $"{string.Concat(Enumerable.Repeat("HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\n", 5))}{Head}Content-Length: {peer.Good.Length}\r\n\r\n{peer.Good}", Open), Works),
        Both("101", Send(peer => $"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n{peer.Good}", Close), Lasts(101)),
        Both("100 and no more", Send("HTTP/1.1 100 Continue\r\n\r\n", Close), Passes()),
    ];

    private static IEnumerable<Row> Redirects =>
    [
        .. from status in new[] { 301, 302, 303, 307, 308 }
           from other in new[] { false, true }
           select Both(
               $"{status} to {(other ? "another" : "the same")} origin",
               Status(status, peer => $"Location: {(other ? peer.Elsewhere : peer.Origin)}/token?canary-token\r\n{Peer.Json}"),
               Lasts(status) with { Says = $"redirect ({status}) to http://127.0.0.1:" }),
        Both("302 to a path", Status(302, "", "Location: /token\r\n"), Lasts(302) with { Says = "redirect (302) to http://127.0.0.1:" }),
        Both("302 to nowhere", Status(302), Lasts(302) with { Says = "redirect (302) to nowhere" }),
        Both("302 to a name without its scheme", Status(302, peer => $"Location: {peer.Elsewhere[5..]}/token\r\n"), Lasts(302)),
        Both("302 to no name", Status(302, "", "Location: //\r\n"), Lasts(302)),
        Both("302 to a broken address", Status(302, "", "Location: http://[canary-token\r\n"), Lasts(302)),
        Both("302 with user info", Status(302, "", "Location: http://canary-token:canary-secret@other.example/\r\n"), Lasts(302) with { Says = "to another place" }),
        OfToken("302 to a host named like the secret", Status(302, "", "Location: http://canary-secret.example/\r\n"), Lasts(302)),
        Both("302 to a script", Status(302, "", "Location: javascript:canary-token\r\n"), Lasts(302)),
        Both("300", Status(300), Lasts(300)),
        Both("304", Send("HTTP/1.1 304 X\r\n\r\n", Open), Lasts(304)),
        Both("200 with a Location", Ok(headers: "Location: http://127.0.0.1/\r\nRefresh: 0;url=http://127.0.0.1/\r\n"), Works),
    ];

    // A server that asks for fewer requests without saying when is not asked again at once.
    private static Outcome OutcomeOf(int status) => status switch
    {
        429 => Passes(status) with { Tries = 1 },
        408 or >= 500 => Passes(status),
        _ => Lasts(status),
    };

    private static IEnumerable<Row> Statuses =>
        from status in new[] { 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504 }
        from body in new[] { ("with nothing", "", ""), ("with a page", Html, Page), ("with half of a JSON", Peer.Json, "{\"error\":\"canary-token") }
        let outcome = OutcomeOf(status)
        select new Row($"{status} {body.Item1}", Status(status, body.Item3, body.Item2), outcome, status == 404 ? outcome with { Tries = 2 } : outcome);

    private static IEnumerable<Row> Codes =>
    [
        .. from code in new[] { "invalid_client", "unauthorized_client", "invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_target", "invalid_grant", "unheard_of" }
           from status in new[] { 200, 400, 401 }
           select OfToken($"{code} with {status}", Status(status, $$"""{"error":"{{code}}","error_description":"canary-secret"}"""), Lasts(status, code)),
        .. from code in new[] { "temporarily_unavailable", "server_error" }
           from status in new[] { 200, 400, 503 }
           select OfToken($"{code} with {status}", Status(status, $$"""{"error":"{{code}}"}"""), Passes(status, code)),
        OfToken("invalid_client with 503", Status(503, """{"error":"invalid_client"}"""), Passes(503, "invalid_client")),
        OfToken("unheard_of with 503", Status(503, """{"error":"unheard_of"}"""), Passes(503, "unheard_of")),
        OfToken("a code of control characters", Status(401, """{"error":"\u0007\n"}"""), Lasts(401) with { Says = "the client's credential" }),
        OfToken("an error_uri elsewhere", new(peer => peer.AnswerAsync(400, $$"""{"error":"invalid_scope","error_uri":"{{peer.Elsewhere}}/"}""", Peer.Json)), Lasts(400, "invalid_scope")),
        OfToken("the request echoed", new(peer => peer.AnswerAsync(400, $$"""{"error":"invalid_request","error_description":"{{peer.Request.Replace("\r\n", " ", StringComparison.Ordinal)}}"}""", Peer.Json)), Lasts(400, "invalid_request")),
        Both("the request echoed as the status line", Send(peer => peer.Request.Replace("\r\n", " ", StringComparison.Ordinal) + "\r\n", Close), Passes()),
        Both("the request echoed as a header", Send(peer => Head + peer.Request.Replace("\r\n", " ", StringComparison.Ordinal).Replace(":", "", StringComparison.Ordinal) + "\r\n\r\n", Close), Passes()),
    ];

    private static IEnumerable<Row> Content =>
    [
        Both("HTML with 200", Ok(_ => Page, Html), Lasts(200)),
        Both("nothing with 200", Ok(_ => ""), Lasts(200)),
        Both("204", Send("HTTP/1.1 204 X\r\n\r\n", Open), Lasts(204)),
        Both("205", Send("HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n", Open), Lasts(205)),
        Both("201", new(peer => peer.AnswerAsync(201, peer.Good, Peer.Json)), Works),
        Both("spaces", Ok(_ => "   "), Lasts(200)),
        Both("null", Ok(_ => "null"), Lasts(200)),
        Both("a number", Ok(_ => "1"), Lasts(200)),
        Both("a string", Ok(_ => "\"canary-token\""), Lasts(200)),
        Both("an array", Ok(peer => $"[{peer.Good}]"), Lasts(200)),
        Both("an empty object", Ok(_ => "{}"), Lasts(200)),
        Both("a form", Ok(_ => "access_token=canary-token&token_type=Bearer", "Content-Type: application/x-www-form-urlencoded\r\n"), Lasts(200)),
        Both("half of it", Ok(peer => peer.Good[..^1]), Lasts(200)),
        Both("more behind it", Ok(peer => peer.Good + "canary-token"), Lasts(200)),
        Both("twice", Ok(peer => peer.Good + peer.Good), Lasts(200)),
        Both("a trailing comma", Ok(peer => peer.Good[..^1] + ",}"), Lasts(200)),
        Both("a comment", Ok(peer => "/* canary-token */" + peer.Good), Lasts(200)),
        Both("behind a guard", Ok(peer => ")]}',\n" + peer.Good), Lasts(200)),
        Both("spaces around it", Ok(peer => $"\r\n\t {peer.Good} \n"), Works),
        Both("unknown members", Ok(peer => With(peer, "x", """[[{"access_token":"canary-token"}]]""")), Works),
        Both("17 deep", Ok(peer => With(peer, "x", new string('[', 17) + new string(']', 17))), Lasts(200)),
        Both("100,000 deep", Ok(peer => With(peer, "x", new string('[', 100_000) + new string(']', 100_000))), Lasts(200)),
        Both("100,000 deep and open", Ok(_ => new string('[', 100_000)), Lasts(200)),
        Both("a member twice", Ok(peer => With(peer, "x", "1,\"x\":2")), Lasts(200)),
        Both("a name that is no text", Ok(peer => With(peer, "\\ud800", "1")), Lasts(200)),
    ];

    private static IEnumerable<Row> TokenMembers =>
    [
        .. from member in new[] { "access_token", "token_type", "expires_in", "scope", "error", "error_description", "error_uri" }
           from value in new[] { "1", "\"1\"", "true", "null", "{}", "[]", "[\"x\"]", "\"\\ud800\"" }
           select OfToken($"{member} is {value}", Ok(peer => With(peer, member, value)), (member, value) switch
           {
               ("access_token" or "scope" or "error_description" or "error_uri", "\"1\"") => Works,
               ("expires_in", "1" or "\"1\"") => Works,
               ("error", "\"1\"") => Lasts(200, "1"),
               (not "access_token", "null") => Works,
               _ => Lasts(200),
           }),
        .. from value in new[] { "\"\"", "\"a b\"", "\"a\\nX: 1\"", "\"a\\u0000\"", "\"é\"" }
           select OfToken($"access_token is {value}", Ok(peer => With(peer, "access_token", value)), Lasts(200)),
        OfToken("access_token twice", Ok(peer => With(peer, "x", "1,\"access_token\":\"stolen\"")), Lasts(200)),
        OfToken("ACCESS_TOKEN only", Ok(_ => "{\"ACCESS_TOKEN\":\"canary-token\"}"), Lasts(200)),
        OfToken("expires_in is 1e999", Ok(peer => With(peer, "expires_in", "1e999")), Works),
        OfToken("expires_in is 1.5", Ok(peer => With(peer, "expires_in", "1.5")), Lasts(200)),
        OfToken("token_type is mac", Ok(peer => With(peer, "token_type", "\"mac\"")), Lasts(200)),
    ];

    private static IEnumerable<Row> MetadataMembers =>
    [
        .. from member in new[] { "issuer", "token_endpoint" }
           from value in new[] { "1", "true", "null", "{}", "[]", "\"\"", "\"\\ud800\"", "\"http://[\"", "\"/token\"", "\"http://127.0.0.1@other.example/token\"" }
           select OfMetadata($"{member} is {value}", Ok(peer => With(peer, member, value)), Lasts(200)),
        .. from value in new[] { "https://other.example/token", "http://169.254.169.254/token", "https://localhost/token", "https://[::1]/token", "https://127.0.0.1.other.example/token", "ftp://127.0.0.1/token" }
           select OfMetadata($"token_endpoint is {value}", Ok(peer => With(peer, "token_endpoint", $"\"{value}\"")), Lasts(200)),
        .. from value in new[] { "1", "true", "null", "{}", "\"none\"" }
           select OfMetadata($"methods are {value}", Ok(peer => With(peer, "token_endpoint_auth_methods_supported", value)), Works),
        .. from value in new[] { "[]", "[1]", "[\"none\"]", "[null,\"client_secret_post\"]", "[\"\\ud800\"]" }
           select OfMetadata($"methods are {value}", Ok(peer => With(peer, "token_endpoint_auth_methods_supported", value)), value == "[\"\\ud800\"]" ? Lasts(200) : Lasts()),
        OfMetadata("issuer twice", Ok(peer => With(peer, "x", $"1,\"issuer\":\"{peer.Origin}\"")), Lasts(200)),
        OfMetadata("token_endpoint twice", Ok(peer => With(peer, "x", $"1,\"token_endpoint\":\"{peer.Origin}/stolen\"")), Lasts(200)),
        OfMetadata("issuer with a slash more", Ok(peer => With(peer, "issuer", $"\"{peer.Origin}/\"")), Lasts(200)),
    ];

    private static IEnumerable<Row> Charsets =>
    [
        .. from charset in new[] { "utf-7", "bogus", "\"utf-8\"", "iso-8859-1", "utf-16", "" }
           select Both($"charset={charset}", Ok(headers: $"Content-Type: application/json; charset={charset}\r\n"), Works),
        .. from type in new[] { "", "Content-Type: text/plain\r\n", "Content-Type: text/html\r\n", "Content-Type: ;;;\r\n", "Content-Type: application/json\r\nContent-Type: text/html\r\n" }
           select Both($"media type '{type.ReplaceLineEndings(" ")}'", Ok(headers: type), Works),
        Both("a byte order mark", Ok(peer => "\uFEFF" + peer.Good), Works),
        Both("two byte order marks", Ok(peer => "\uFEFF\uFEFF" + peer.Good), Lasts(200)),
        Both("a byte order mark only", Ok(_ => "\uFEFF"), Lasts(200)),
        Both("UTF-16", Ok(encoding: Encoding.Unicode), Lasts(200)),
        Both("UTF-32", Ok(encoding: Encoding.UTF32), Lasts(200)),
        Both("Latin-1", Ok(peer => With(peer, "x", "\"é\""), encoding: Encoding.Latin1), Lasts(200)),
        Both("NUL bytes", Ok(peer => peer.Good + "\0"), Lasts(200)),
    ];

    /// <summary>Bodies that would fill memory if somebody inflated or kept them.</summary>
    public static IEnumerable<Row> Sizes =>
    [
        Both("gzip bomb", Ok(Gzip, "Content-Encoding: gzip\r\n" + Peer.Json), Lasts(200)),
        Both("deflate bomb", Ok(Deflate, "Content-Encoding: deflate\r\n" + Peer.Json), Lasts(200)),
        Both("br bomb", Ok(Brotli, "Content-Encoding: br\r\n" + Peer.Json), Lasts(200)),
        Both("bomb in layers", Ok(Gzip, "Content-Encoding: gzip, gzip, br\r\n" + Peer.Json), Lasts(200)),
        Both("gzip bomb as a transfer coding", Send($"{Head}Transfer-Encoding: gzip, chunked\r\n\r\n{Gzip.Length:x}\r\n{Encoding.Latin1.GetString(Gzip)}\r\n0\r\n\r\n", Open), Lasts(200)),
        OfToken("as many members as fit in", Ok(peer => peer.Good[..^1] + Members), Lasts(200)),
        Both("50 MiB", Flood($"{Head}Content-Length: {Huge}\r\n\r\n", " ", Huge), Lasts(200) with { Says = "larger than 262144 bytes" }),
        Both("50 MiB of tokens", Flood($"{Head}Content-Length: {Huge}\r\n\r\n{{\"access_token\":\"", "canary-token", Huge), Lasts(200) with { Says = "larger than 262144 bytes" }),
        Both("50 MiB in an error", Flood($"HTTP/1.1 400 X\r\nContent-Length: {Huge}\r\n\r\n", " ", Huge), Lasts(400) with { Says = "larger than 262144 bytes" }),
        Both("an endless body", Flood(Head + "\r\n", " "), Lasts(200) with { Says = "larger than 262144 bytes" }),
        Both("endless chunks", Flood(Chunked, "1\r\n \r\n"), Lasts(200) with { Says = "larger than 262144 bytes" }),
        Both("an endless body behind 101", Flood("HTTP/1.1 101 X\r\n\r\n", " "), Lasts(101) with { Says = "larger than 262144 bytes" }),
    ];

    private static IEnumerable<Row> Headers =>
    [
        Both("10,000 headers", Send(HeadOf(string.Concat(Enumerable.Range(0, 10_000).Select(number => $"X-{number}: canary-token\r\n"))), Open), Passes()),
        Both("a header of 1 MiB", Send(HeadOf($"X: {new string('x', 1024 * 1024)}\r\n"), Open), Passes()),
        Both("headers without end", Flood("HTTP/1.1 200 OK\r\n", "X: y\r\n"), Passes()),
        Both("a status line without end", Flood("HTTP/1.1 200 ", "canary-token"), Passes()),
        Both("a header without a colon", Send(HeadOf("canary-token\r\n"), Open), Passes()),
        Both("a header without a name", Send(HeadOf(": canary-token\r\n"), Open), Passes()),
        Both("a space before the colon", Send(HeadOf("X : canary-token\r\n"), Open), Works),
        Both("a header with NUL", Send(HeadOf("X: a\0canary-token\r\n"), Open), Works),
        Both("a folded header", Send(HeadOf("X: a\r\n canary-token\r\n"), Open), Works),
        Both("Latin-1 in a header", Send(HeadOf("X: caf\u00e9\r\n"), Open), Works),
        Both("bare line feeds", Send(peer => $"HTTP/1.1 200 OK\nContent-Length: {peer.Good.Length}\n\n{peer.Good}", Open), Works),
        Both("an Alt-Svc", new Fault(peer => peer.AnswerAsync(200, peer.Good, $"Alt-Svc: h2=\"{peer.Elsewhere[7..]}\"\r\nLink: <{peer.Elsewhere}/>; rel=preload\r\n{Peer.Json}")) with { Calls = 2 }, Works),
        .. from scheme in new[] { "Basic realm=x", "Digest realm=x, nonce=y", "Negotiate", "NTLM", "Bearer resource_metadata=\"http://127.0.0.1/\"" }
           select Both($"401 with {scheme}", Status(401, "", $"WWW-Authenticate: {scheme}\r\n"), Lasts(401)),
        Both("407", Status(407, "", "Proxy-Authenticate: Basic realm=x\r\n"), Lasts(407)),
        Both("a cookie", Ok(headers: "Set-Cookie: session=canary-token; Path=/\r\n" + Peer.Json) with { Calls = 2 }, Works),
        .. from value in new[] { "-1", "0", "x", "99999999999999999999", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT" }
           select Both($"503 with Retry-After: {value}", Status(503, "", $"Retry-After: {value}\r\n"), value.StartsWith("99", StringComparison.Ordinal) || value.Contains("9999 ", StringComparison.Ordinal) ? Passes(503) with { Tries = 1 } : Passes(503)),
    ];

    private static IEnumerable<Row> Certified =>
    [
        Both("TLS", Tls(Certificates.Good), Works),
        Both("TLS self-signed", Tls(Certificates.SelfSigned), Lasts() with { Says = "the TLS certificate was not accepted" }),
        Both("TLS of another host", Tls(Certificates.OtherHost), Lasts() with { Says = "the TLS certificate was not accepted" }),
        Both("TLS expired", Tls(Certificates.Expired), Lasts() with { Says = "the TLS certificate was not accepted" }),
        Both("TLS not yet valid", Tls(Certificates.NotYetValid), Lasts() with { Says = "the TLS certificate was not accepted" }),
        Both("no TLS", OnConnect(async peer => await peer.SendAsync("HTTP/1.1 400 X\r\n\r\n"), tls: true), Lasts()),
        Both("TLS closed in the handshake", OnConnect(Close, tls: true), Passes()),
        Both("TLS reset in the handshake", OnConnect(Reset, tls: true), Passes()),
    ];

    private static Func<Peer, string> HeadOf(string header) => peer => $"{Head}{header}Content-Length: {peer.Good.Length}\r\n\r\n{peer.Good}";
}
