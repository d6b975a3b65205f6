using System.Text;

namespace OAuthClientCredentials.Authentication;

/// <summary>Reads a file that contains a credential: bytes, or one line of text.</summary>
internal sealed class CredentialFile(ClientContext client, string option, string path)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public ValueTask<byte[]> ReadAsync(CancellationToken cancellationToken) =>
        client.ReadCredentialFileAsync(path, option, cancellationToken);

    public async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        string text = WithoutLastLineBreak(Decode(await ReadAsync(cancellationToken).ConfigureAwait(false)));
        if (text.Length == 0)
        {
            throw Unusable("is empty");
        }

        if (text.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw Unusable("contains more than one line");
        }

        return text;
    }

    public TokenRequestException Unusable(string problem, Exception? exception = null) =>
        client.UnusableFile(path, option, problem, exception);

    private string Decode(byte[] bytes)
    {
        ReadOnlySpan<byte> text = bytes;
        if (text.StartsWith("\uFEFF"u8))
        {
            text = text["\uFEFF"u8.Length..];
        }

        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw Unusable("is not UTF-8 text");
        }
    }

    // Mounted secrets often end with one line break that is not part of the secret.
    private static string WithoutLastLineBreak(string text)
    {
        if (text.EndsWith("\r\n", StringComparison.Ordinal))
        {
            return text[..^2];
        }

        if (text.EndsWith('\n'))
        {
            return text[..^1];
        }

        return text;
    }
}
