using System.Net;
using System.Text;

namespace OAuthClientCredentials.Transport;

/// <summary>An error of a web server, proxy or firewall in front of the authorization server: a page or plain text .</summary>
internal static class WebPage
{
    // The head of a page is at its start. The rest is not searched.
    private const int MaxExamined = 8 * 1024;

    private const int MaxQuoted = 256;

    public static bool IsPage(string? mediaType, ReadOnlySpan<byte> body) =>
        mediaType is "text/html" or "application/xhtml+xml" || body.TrimStart("\uFEFF \r\n\t"u8).StartsWith("<"u8);

    /// <summary>Returns the title of a page, or a short plain text; null if there is none. It is not cleaned.</summary>
    public static string? TextOf(string? mediaType, ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, MaxExamined)]);
        if (mediaType == "text/plain")
        {
            return IsShortText(text) ? text : null;
        }

        if (!IsPage(mediaType, body))
        {
            return null;
        }

        int tag = text.IndexOf("<title", StringComparison.OrdinalIgnoreCase);
        if (tag < 0)
        {
            return null;
        }

        string rest = text[tag..];
        int start = rest.IndexOf('>', StringComparison.Ordinal) + 1;
        int end = rest.IndexOf("</title", StringComparison.OrdinalIgnoreCase);
        if (start == 0 || end < start)
        {
            return null;
        }

        return WebUtility.HtmlDecode(rest[start..end]);
    }

    // A part of a text, or a text in another encoding, may hold a part of a secret that is not found. JSON may hold a token.
    private static bool IsShortText(string text) =>
        text.Length <= MaxQuoted
        && !text.AsSpan().ContainsAny('\0', '\uFFFD')
        && !text.AsSpan().TrimStart().StartsWith("{")
        && !text.AsSpan().TrimStart().StartsWith("[");
}
