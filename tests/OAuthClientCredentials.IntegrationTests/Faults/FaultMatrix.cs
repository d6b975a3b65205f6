using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using static OAuthClientCredentials.IntegrationTests.Faults.ExpectedResult;
using static OAuthClientCredentials.IntegrationTests.Faults.Fault;
using static OAuthClientCredentials.IntegrationTests.Faults.FaultCase;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>The faults of an endpoint and their expected results. Secret and tokens contain "canary"; no result may contain it.</summary>
internal static partial class FaultMatrix
{
    private const string Json = ServerConnection.Json;
    private const string Head = ServerConnection.Head;
    private const string Chunked = Head + "Transfer-Encoding: chunked\r\n\r\n";
    private const string Interim102 = "HTTP/1.1 102 Wait\r\n\r\n";

    public static X509Certificate2 Authority { get; } = TestCertificates.Authority();

    public static IReadOnlyList<FaultCase> Cases { get; } =
    [
        .. Connections, .. Time, .. Framing, .. Interim, .. Redirects, .. Statuses, .. Headers, .. Certified,
        .. Errors, .. Bodies, .. Sizes,
    ];

    // The platform repeats a GET three times if the connection ends before the response.
    private static ExpectedResult FailsAndRepeatsGets => FailsTransiently() with { Seen = 4 };

    private static IEnumerable<FaultCase> Connections =>
    [
        Both("refused", Refused, FailsTransiently() with { Seen = 0 }),
        new("closed on connect", OnConnect(Close), FailsTransiently(), FailsAndRepeatsGets),
        Both("reset on connect", OnConnect(Reset), FailsTransiently()),
        new("closed before the headers", Send("", Close), FailsTransiently(), FailsAndRepeatsGets),
        Both("reset before the headers", Send("", Reset), FailsTransiently()),
        Both("closed in the headers", Send(Head, Close), FailsTransiently()),
        Both("reset in the headers", Send(Head, Reset), FailsTransiently()),
        Both("closed in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Close), FailsTransiently()),
        Both("reset in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Reset), FailsTransiently()),
        Both("reset in a chunk", Send(Chunked + "9\r\n{", Reset), FailsTransiently()),
        Both("closed after the end", Send(c => c.ValidResponse, Close), Succeeds),
    ];

    private static IEnumerable<FaultCase> Time =>
    [
        // The retry waits for the connection that the first attempt opened.
        Both("silent on connect, with TLS", OnConnect(Hang, tls: true), TimesOut with { Seen = 1 }),
        Both("silent before the headers", Send("", Hang), TimesOut),
        Both("silent in the headers", Send(Head, Hang), TimesOut),
        Both("silent in the body", Send(Head + "Content-Length: 99\r\n\r\n{", Hang), TimesOut),
        Both("slow headers", Drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), TimesOut),
        Both("slow header", Drip("HTTP/1.1 200 OK\r\nX: ", "y"), TimesOut),
        Both("slow body", Drip(Head + "\r\n{", " "), TimesOut),
        Both("slow chunks", Drip(Chunked, "1\r\n \r\n"), TimesOut),
        Both("slow interim responses", Drip("", Interim102), TimesOut),
        Both("endless interim responses", Flood("", Interim102), TimesOut),
    ];

    private static IEnumerable<FaultCase> Framing =>
    [
        Both("truncated", Send(c => Head + "\r\n" + c.ValidBody[..^5], Close), Fails(200)),
        Both("Content-Length too long", Send(c => WithLength(c, $"{c.Length + 1}"), Close), FailsTransiently()),
        Both("Content-Length too short", Send(c => WithLength(c, $"{c.Length - 1}"), Open), Fails(200)),
        Both("Content-Length negative", Send(c => WithLength(c, "-1"), Close), Succeeds),
        Both("two Content-Lengths", Send(c => WithLength(c, $"1\r\nContent-Length: {c.Length}"), Close), Fails(200)),
        Both("no Content-Length", Send(c => $"{Head}\r\n{c.ValidBody}", Close), Succeeds),
        Both(
            "chunks",
            Send(c => $"{Chunked}1\r\n{{\r\n{c.Length - 1:x};ext=1\r\n{c.ValidBody[1..]}\r\n0\r\nTrailer: 1\r\n\r\n", Open),
            Succeeds),
        Both("chunk size overflows", Send(Chunked + "ffffffffffffffffff\r\n{", Open), FailsTransiently()),
        Both("chunk without its end", Send(Chunked + "1\r\n{canary-token\r\n", Open), FailsTransiently()),
        Both("chunks without the last", Send(c => $"{Chunked}{c.Length:x}\r\n{c.ValidBody}\r\n", Close), FailsTransiently()),
        Both("endless chunk extension", Flood(Chunked + "1;", "x"), FailsTransiently()),
        Both("endless trailers", Flood(Chunked + "0\r\n", "X: y\r\n"), FailsTransiently()),
        Both("chunked is not the last coding", Send(c => $"{Head}Transfer-Encoding: gzip\r\n\r\n{c.ValidBody}", Close), Succeeds),
        Both("not HTTP", Send("SSH-2.0-canary-token\r\n", Close), FailsTransiently()),
        Both("a bare body", Send(c => c.ValidBody + "\r\n", Close), FailsTransiently()),
        Both("a status that is not a number", Send("HTTP/1.1 2x0 canary-token\r\n\r\n", Close), FailsTransiently()),
        Both("unrequested HTTP/2", Send("\0\0\u0012\u0004\0\0\0\0\0", Close), FailsTransiently()),
        Both(
            "a second response after the first",
            Send(c => c.ValidResponse + "HTTP/1.1 200\r\nContent-Length: 24\r\n\r\n{\"access_token\":\"stolen\"}", Open) with { Calls = 2 },
            Succeeds),
    ];

    private static IEnumerable<FaultCase> Interim =>
    [
        Both("100 first", Send(c => "HTTP/1.1 100 Continue\r\n\r\n" + c.ValidResponse, Open), Succeeds),
        Both("103 five times first", Send(c => Repeat("HTTP/1.1 103 Hints\r\nX: y\r\n\r\n", 5) + c.ValidResponse, Open), Succeeds),
        Both("101", Send(c => $"HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n{c.ValidBody}", Close), Fails(101)),
        Both("100 and no more", Send("HTTP/1.1 100 Continue\r\n\r\n", Close), FailsTransiently()),
    ];

    private static IEnumerable<FaultCase> Redirects =>
    [
        .. from status in new[] { 301, 302, 303, 307, 308 }
           from other in new[] { false, true }
           select Both(
               $"{status} to {(other ? "another" : "the same")} origin",
               Status(status, c => $"Location: {(other ? c.OtherOrigin : c.Origin)}/token?canary-token\r\n{Json}"),
               Fails(status) with { Message = $"redirect ({status}) to http://127.0.0.1:" }),
        Both("302 to a path", Redirect("/token"), Fails(302) with { Message = "redirect (302) to http://127.0.0.1:" }),
        Both("302 to nowhere", Status(302), Fails(302) with { Message = "redirect (302) to an address that is not valid" }),
        Both("302 without a scheme", Status(302, c => $"Location: {c.OtherOrigin[5..]}/token\r\n"), Fails(302)),
        Both("302 to an invalid address", Redirect("http://[canary-token"), Fails(302)),
        Both(
            "302 with user info",
            Redirect("http://canary-token:canary-secret@other.example/"),
            Fails(302) with { Message = "to an address with user info" }),
        Token("302 to a host named like the secret", Redirect("http://canary-secret.example/"), Fails(302)),
        Both("302 to a script", Redirect("javascript:canary-token"), Fails(302)),
        Both("300", Status(300), Fails(300)),
        Both("304", Send("HTTP/1.1 304 X\r\n\r\n", Open), Fails(304)),
        Both("200 with a Location", Ok(headers: "Location: http://127.0.0.1/\r\nRefresh: 0;url=http://127.0.0.1/\r\n"), Succeeds),
    ];

    private static IEnumerable<FaultCase> Statuses =>
    [
        .. from status in new[] { 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504 }
           select WithStatus(status, "without a body", "", ""),
        .. from status in new[] { 400, 401, 429, 503 }
           select WithStatus(status, "with a page", Html, Page),
        .. from status in new[] { 400, 401, 429, 503 }
           select WithStatus(status, "with half of a JSON", Json, "{\"error\":\"canary-token"),
    ];

    private static IEnumerable<FaultCase> Headers =>
    [
        Both("10,000 headers", Send(WithHeader(Repeat("X-Y: canary-token\r\n", 10_000)), Open), FailsTransiently()),
        Both("a header of 1 MiB", Send(WithHeader($"X: {new string('x', 1024 * 1024)}\r\n"), Open), FailsTransiently()),
        Both("endless headers", Flood("HTTP/1.1 200 OK\r\n", "X: y\r\n"), FailsTransiently()),
        Both("an endless status line", Flood("HTTP/1.1 200 ", "canary-token"), FailsTransiently()),
        Both("a header without a colon", Send(WithHeader("canary-token\r\n"), Open), FailsTransiently()),
        Both("a space before the colon", Send(WithHeader("X : canary-token\r\n"), Open), Succeeds),
        Both("a folded header", Send(WithHeader("X: a\r\n canary-token\r\n"), Open), Succeeds),
        Both("bare line feeds", Send(c => $"HTTP/1.1 200 OK\nContent-Length: {c.Length}\n\n{c.ValidBody}", Open), Succeeds),
        Both(
            "an Alt-Svc",
            Status(200, c => $"Alt-Svc: h2=\"{c.OtherOrigin[7..]}\"\r\nLink: <{c.OtherOrigin}/>; rel=preload\r\n{Json}", c => c.ValidBody)
                with { Calls = 2 },
            Succeeds),
        .. from scheme in new[] { "Basic realm=x", "Digest realm=x, nonce=y", "Negotiate", "NTLM" }
           select Both($"401 with {scheme}", Status(401, "", $"WWW-Authenticate: {scheme}\r\n"), Fails(401)),
        Both("a cookie", Ok(headers: "Set-Cookie: session=canary-token; Path=/\r\n" + Json) with { Calls = 2 }, Succeeds),
        .. from value in new[] { "-1", "0", "x", "1.5", "Thu, 01 Jan 1970 00:00:00 GMT" }
           select Both($"503 with Retry-After: {value}", Status(503, "", $"Retry-After: {value}\r\n"), FailsTransiently(503)),
        .. from value in new[] { "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT" }
           let expected = FailsTransiently(503) with { Attempts = 1 }
           select Both($"503 with Retry-After: {value}", Status(503, "", $"Retry-After: {value}\r\n"), expected),
    ];

    private static IEnumerable<FaultCase> Certified =>
    [
        Both("TLS", Tls(Certificate("127.0.0.1", -1, 1)), Succeeds),
        Both("TLS self-signed", Tls(TestCertificates.Server()), FailsUntrusted("its issuer is not trusted")),
        Both("TLS of another host", Tls(Certificate("127.0.0.2", -1, 1)), FailsUntrusted("it is for another host name")),
        Both("TLS expired", Tls(Certificate("127.0.0.1", -10, -1)), FailsUntrusted("it has expired")),
        Both("TLS not yet valid", Tls(Certificate("127.0.0.1", 1, 10)), FailsUntrusted("it has expired or is not valid yet")),
        Both(
            "no TLS",
            OnConnect(async c => await c.SendAsync("HTTP/1.1 400 X\r\n\r\n"), tls: true),
            Fails() with { Message = "there is no TLS on that port" }),
        Both("TLS closed in the handshake", OnConnect(Close, tls: true), FailsTransiently()),
        Both("TLS reset in the handshake", OnConnect(Reset, tls: true), FailsTransiently()),
    ];

    public static TheoryData<string> NamesAt(Endpoint endpoint) =>
        [.. Cases.Where(fault => fault.At(endpoint) is not null).Select(fault => fault.Name)];

    private static X509Certificate2 Certificate(string address, int from, int until) =>
        TestCertificates.Server(Authority, address, from, until);

    private static ExpectedResult FailsUntrusted(string reason) =>
        Fails() with { Message = $"the TLS certificate was not accepted: {reason}" };

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static string WithLength(ServerConnection c, string length) => $"{Head}Content-Length: {length}\r\n\r\n{c.ValidBody}";

    private static Func<ServerConnection, string> WithHeader(string header) =>
        c => $"{Head}{header}Content-Length: {c.Length}\r\n\r\n{c.ValidBody}";

    private static Fault Redirect(string location) => Status(302, "", $"Location: {location}\r\n");

    private static FaultCase WithStatus(int status, string name, string headers, string body)
    {
        ExpectedResult expected = status switch
        {
            // A server that asks for fewer requests without a time gets no immediate retry.
            429 => FailsTransiently(status) with { Attempts = 1 },
            408 or >= 500 => FailsTransiently(status),
            _ => Fails(status),
        };

        // Discovery tries the next metadata address after a 404.
        ExpectedResult atDiscovery = status == 404 ? expected with { Attempts = 2 } : expected;
        return new($"{status} {name}", Status(status, body, headers), expected, atDiscovery);
    }
}
