using System.Net;
using System.Text;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>
/// Eight times the input costs at most eight times the work. Memory is counted; time is not, but the larger input has a million
/// characters, with which anything quadratic never ends.
/// </summary>
public sealed class ScalingTests
{
    private const int Small = 128 * 1024;
    private const int Factor = 8;
    private const string Issuer = "https://id.example.com";

    private static readonly Dictionary<string, Action<string>> Parsers = new()
    {
        ["token"] = text => IgnoreFormat(() => TokenResponse.Parse(Encoding.UTF8.GetBytes(text))),
        ["lifetime"] = ReadLifetime,
        ["metadata"] = ReadMetadata,
        ["endpoint"] = text => ReadMetadata($$"""{"issuer":"https://id.example.com","token_endpoint":"{{text}}"}"""),
        ["challenge"] = text => Challenges.Parse(text),
        ["wait"] = ReadWait,
        ["text"] = text => ServerText.Clean(text, ["secret", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"]),
    };

    /// <summary>The parser, the start of the input, the part that is repeated, and the end.</summary>
    public static TheoryData<string, string, string, string> Patterns => new()
    {
        { "token", "{\"x\":\"", "\\u0061", "\"}" }, { "token", "{\"x\":", "[", "" }, { "token", "{\"x\":[", "0,", "0]}" },
        { "token", "{", " ", "}" }, { "token", "{\"error_description\":\"", "\\r\\n", "\"}" }, { "token", "{\"", "\\u00e9", "\":1}" },
        { "lifetime", "1", "0", "" }, { "lifetime", "0.", "0", "1" }, { "lifetime", "1e", "9", "" }, { "lifetime", "\"", "1", ".5\"" },
        { "metadata", "{\"issuer\":\"https://id.example.com\",\"token_endpoint_auth_methods_supported\":[", "\"a\",", "\"a\"]}" },
        { "metadata", "{\"x\":{", "\"x\":1,", "\"x\":1}}" }, { "endpoint", "https://", "a.", "id.example.com/" },
        { "endpoint", "https://id.example.com/", "../", "" }, { "endpoint", "https://id.example.com/", "a/../", "" },
        { "endpoint", "https://id.example.com/", "%2e%2e/", "" }, { "endpoint", "https://id.example.com/", "\u00e9", "" },
        { "endpoint", "https://\u2603.", "\u00e9.", "id.example.com" }, { "endpoint", "https://id.example.com/?", "%zz", "" },
        { "challenge", "", " ", "" }, { "challenge", "", ", ", "" }, { "challenge", "", "a", "" }, { "challenge", "Bearer ", " ", "x" },
        { "challenge", "Bearer ", "a", "==x" }, { "challenge", "Bearer a=b", " ", "c" }, { "challenge", "Bearer a=b", " ,", "c=d" },
        { "challenge", "Bearer ", "a=b,", "" }, { "challenge", "Bearer ", "a=b , ", "" }, { "challenge", "Bearer a=\"", "\\\"", "" },
        { "challenge", "Bearer a=\"", "x", "\"" }, { "challenge", "Bearer ", "=", "" }, { "wait", "", "9", "" },
        { "wait", "Wed, 25 Nov 2026", " ", "12:00:00 GMT" }, { "text", "", "a", "" }, { "text", "", "secret", "" },
        { "text", "", "\u202e", "" }, { "text", "", "%25", "" }, { "text", "%", "25", "" }, { "text", "", "&amp;", "" },
        { "text", "&", "amp;", "" }, { "text", "", "&", "" }, { "text", "", "\\", "" }, { "text", "", "\\u005c", "" },
        { "text", "", "%c3", "" }, { "text", "", "c2VjcmV0", "" }, { "text", "", "c2VjcmV0 ", "" }, { "text", "", "\r\n", "" },
    };

    [Theory]
    [Trait("Req", "R-045")]
    [Trait("Req", "R-132")]
    [MemberData(nameof(Patterns))]
    public void Allocation_grows_no_faster_than_the_input(string parser, string start, string again, string end)
    {
        long small = Allocated(Parsers[parser], start + string.Concat(Enumerable.Repeat(again, Small / again.Length)) + end);
        long large = Allocated(Parsers[parser], start + string.Concat(Enumerable.Repeat(again, Small * Factor / again.Length)) + end);

        // Buffers that double may be half empty.
        Assert.InRange(large, 0, (small + (16 * 1024)) * Factor * 2);
    }

    private static long Allocated(Action<string> parse, string input)
    {
        parse(input);
        long before = GC.GetAllocatedBytesForCurrentThread();
        parse(input);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void IgnoreFormat(Action parse)
    {
        try
        {
            parse();
        }
        catch (FormatException)
        {
            // Only the work matters here, not the result.
        }
    }

    private static void ReadLifetime(string text) =>
        IgnoreFormat(() => TokenResponse.Parse(Encoding.UTF8.GetBytes($$"""{"access_token":"a","expires_in":{{text}}}""")));

    private static void ReadMetadata(string text) =>
        IgnoreFormat(() => MetadataDocument.Parse(Encoding.UTF8.GetBytes(text), Issuer)?.Read(PlainHttp.Loopback, []));

    private static void ReadWait(string text)
    {
        using HttpResponseMessage response = new(HttpStatusCode.ServiceUnavailable);
        Assert.True(response.Headers.TryAddWithoutValidation("Retry-After", text));
        RetryAfter.Read(response, DateTimeOffset.UnixEpoch);
    }
}
