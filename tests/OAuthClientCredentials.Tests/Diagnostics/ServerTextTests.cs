using System.Globalization;
using System.Net;
using System.Text;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Text from a server is quoted without our secrets, in whatever form it echoes them.</summary>
public sealed class ServerTextTests
{
    private const int Rounds = 4000;

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["&"] = "&amp;",
        ["<"] = "&lt;",
        [">"] = "&gt;",
        ["\""] = "&quot;",
        ["'"] = "&apos;",
        ["é"] = "&eacute;",
        ["+"] = "&plus;",
        ["/"] = "&sol;",
        ["="] = "&equals;",
        ["!"] = "&excl;",
        ["#"] = "&num;",
        ["%"] = "&percnt;",
        ["$"] = "&dollar;",
        [":"] = "&colon;",
        ["\\"] = "&bsol;",
        ["_"] = "&lowbar;",
        ["{"] = "&lbrace;",
        ["|"] = "&vert;",
    };

    // Whatever a server may do to a text before it echoes it.
    private static readonly (string Name, Func<string, Random, string> Encode)[] Escapes =
    [
        ("plain", (text, _) => text),
        ("form", (text, _) => WebUtility.UrlEncode(text)),
        ("form of the RFC", (text, _) => FormEncoding.Encode(text)),
        ("URI", (text, _) => Uri.EscapeDataString(text)),
        ("URI in lower case", (text, _) => Percent(text, hex => hex.ToLowerInvariant(), IsUnreserved)),
        ("every byte", (text, random) => Percent(text, hex => OneOf(random, hex, hex.ToLowerInvariant()), _ => false)),
        ("HTML", (text, _) => WebUtility.HtmlEncode(text)),
        ("HTML names", (text, _) => Each(text, rune => Names.GetValueOrDefault(rune.ToString()) ?? rune.ToString())),
        ("HTML decimal", (text, _) => Each(text, rune => $"&#{rune.Value};")),
        ("HTML hex", (text, random) => Each(text, rune => OneOf(random, $"&#x{rune.Value:x};", $"&#X{rune.Value:X4};"))),
        ("JSON", (text, _) => System.Text.Json.JsonEncodedText.Encode(text).ToString()),
        ("JSON escapes", (text, _) => Each(text, rune => rune.Value is '\\' or '"' or '/' ? $"\\{rune}" : rune.ToString())),
        ("JSON hex", (text, random) => string.Concat(text.Select(unit => OneOf(random, $"\\u{(int)unit:x4}", $"\\u{(int)unit:X4}")))),
    ];

    private static readonly (string Name, Func<string, string> Encode)[] Base64 =
    [
        ("none", text => text),
        ("base64", Encode64),
        ("base64 without padding", text => Encode64(text).TrimEnd('=')),
        ("base64 for URLs", text => Encode64(text).TrimEnd('=').Replace('+', '-').Replace('/', '_')),
        ("id:secret", text => Encode64($"shop:{text}")),
        ("id:secret for URLs", text => Encode64($"shop:{text}").TrimEnd('=').Replace('+', '-').Replace('/', '_')),
        ("in a body", text => Encode64($"grant_type=client_credentials&client_secret={text}&x=y")),
    ];

    [Fact]
    [Trait("Req", "R-061")]
    public void Secret_is_removed_in_every_form_and_the_text_around_it_stays()
    {
        Random random = new(1);
        for (int round = 0; round < Rounds; round++)
        {
            string secret = Secret(random);
            (string inner, Func<string, Random, string> encode) = Escapes[random.Next(Escapes.Length)];
            (string wrap, Func<string, string> wrapped) = Base64[random.Next(Base64.Length)];
            (string outer, Func<string, Random, string> again) = Escapes[random.Next(Escapes.Length)];
            string form = again(wrapped(encode(secret, random)), random);
            (string before, string after) = (Around(random), Around(random));
            string clean = ServerText.Clean($"{before} client_secret={form}; {after}", [secret, $"shop:{secret}"])!;
            string what = $"round {round}, {inner}, {wrap}, {outer}: '{secret}' as '{form}' became '{clean}'";
            Assert.False(clean.Contains(secret, StringComparison.OrdinalIgnoreCase), what);
            Assert.False(clean.Contains(form, StringComparison.OrdinalIgnoreCase), what);
            Assert.True(clean.StartsWith(before, StringComparison.Ordinal), what);
            Assert.True(clean.Length >= 250 || clean.EndsWith(after, StringComparison.Ordinal), what);
        }
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("s3cr%41et&lt;", "<code>s3cr%41et&lt;</code>")]
    [InlineData("s3cr%41et&lt;", "s3cr%41et&amp;lt;")]
    [InlineData("s3cr%41et&lt;", "s3cr%2541et%26lt%3B")]
    [InlineData("a\\u0041\\\\/b", "a\\\\u0041\\\\\\\\\\/b")]
    [InlineData("a+b+c", "a%2Bb%2Bc")]
    [InlineData("a+b+c", "a&#43;b&#x2b;c")]
    [InlineData("pass word", "pass\nword")]
    [InlineData("pass word", "pass+word")]
    [InlineData("secret", "SECRET")]
    [InlineData("sécret", "s%E9cret")]
    [InlineData("secret", "/path/xc2VjcmV0")]
    [InlineData("a longer secret that is broken", "YSBsb25nZXIgc2Vj\r\ncmV0IHRoYXQgaXMgYnJva2Vu")]
    [InlineData("secret", "%2563%32%56%6AcmV0 c2VjcmV0")]
    public void Secret_is_found_although_it_looks_encoded_itself(string secret, string echoed)
    {
        string clean = ServerText.Clean($"no {echoed} no", [secret])!;
        Assert.Matches(@"^no \S*\*\*\*.* no$", clean);
        Assert.DoesNotContain(secret, clean, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData("x", "a text with b64 like eHh4eHh4 and 100% of &amp;", "a te***t with b64 like eHh4eHh4 and 100% of &amp;")]
    [InlineData("+", "a text with spaces + a plus", "a text with spaces *** a plus")]
    [InlineData("a b", "a-b a+b a%20b", "a-b *** ***")]
    [InlineData("a", "%61", "***")]
    [InlineData("secret", "The client 'shop' (100%) &amp; \"key\\u0041\": aGVsbG8gd29ybGQ= at /a?b=c+d", null)]
    [InlineData("secret", "a\r\nWARN forged\u001b[31m", "a  WARN forged [31m")]
    [InlineData("secret", "a\u2028b\u202ec\u0085d\u200be", "a b c d e")]
    [InlineData("secret", "  a  ", "a")]
    public void Text_keeps_what_is_neither_a_secret_nor_a_control_character(string secret, string text, string? expected) =>
        Assert.Equal(expected ?? text, ServerText.Clean(text, [secret, FormEncoding.Encode(secret)]));

    [Theory]
    [Trait("Req", "R-061")]
    [InlineData(250)]
    [InlineData((16 * 1024) - 3)]
    [InlineData((32 * 1024) - 3)]
    public void Secret_at_the_end_of_a_shortened_text_leaves_no_half(int padding)
    {
        // Everything before it is a secret too, and shrinks to nearly nothing.
        string[] secrets = [new string('x', padding), "canary-secret"];
        string clean = ServerText.Clean(secrets[0] + "canary-secret" + new string('.', 40_000), secrets)!;
        Assert.DoesNotContain("can", clean, StringComparison.Ordinal);
        Assert.InRange(clean.Length, 1, 256);
    }

    private static string OneOf(Random random, string one, string other) => random.Next(2) == 0 ? one : other;

    private static string Encode64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Each(string text, Func<Rune, string> encode) => string.Concat(text.EnumerateRunes().Select(encode));

    private static bool IsUnreserved(byte value) => char.IsAsciiLetterOrDigit((char)value) || "-._~"u8.Contains(value);

    private static string Percent(string text, Func<string, string> hex, Func<byte, bool> isKept) =>
        string.Concat(Encoding.UTF8.GetBytes(text)
            .Select(value => isKept(value) ? ((char)value).ToString() : "%" + hex(value.ToString("X2", CultureInfo.InvariantCulture))));

    // RFC 6749 allows the visible characters of ASCII and the space; some secrets have others.
    private static string Secret(Random random)
    {
        bool isAscii = random.Next(4) != 0;
        StringBuilder secret = new();
        for (int length = 4 + random.Next(40); secret.Length < length;)
        {
            secret.Append(isAscii ? ((char)random.Next('!', '\u007f')).ToString() : AnyRune(random).ToString());
        }

        return secret.ToString();
    }

    private static Rune AnyRune(Random random)
    {
        while (true)
        {
            int value = random.Next(0x20, random.Next(3) == 0 ? 0x110000 : 0x2000);
            if (Rune.TryCreate(value, out Rune rune) && !Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune))
            {
                return rune;
            }
        }
    }

    private static string Around(Random random)
    {
        const string Characters = "abcdefghijklmnopqrstuvwxyz ABCDEF 0123456789 .,:;=<>()[]{}'\"%&+/\\-_*";
        IEnumerable<char> characters = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Characters[random.Next(Characters.Length)]);
        return string.Concat(characters).Trim().PadLeft(1, 'x');
    }
}
