using System.Text;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>
/// A file that holds a credential. It is read anew for every attempt and never watched: Kubernetes swaps a symlink, which a watcher misses
///
/// </summary>
internal sealed class CredentialFile(ClientName client, string option, string path)
{
    private const int MaxBytes = 64 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public async ValueTask<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            FileStream stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                // Counted as it comes: a device has no length, and no end.
                byte[] buffer = new byte[MaxBytes + 1];
                int length = await stream
                    .ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                    .ConfigureAwait(false);
                if (length == 0)
                {
                    throw Unusable("is empty");
                }

                if (length > MaxBytes)
                {
                    throw Unusable($"is larger than {MaxBytes} bytes");
                }

                return buffer[..length];
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("cannot be read", exception);
        }
    }

    /// <summary>One line of text.</summary>
    public async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        string text = WithoutLastLineBreak(Decode(await ReadAsync(cancellationToken).ConfigureAwait(false)));
        if (text.Length == 0)
        {
            throw Unusable("is empty");
        }

        if (text.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            throw Unusable("holds more than one line");
        }

        return text;
    }

    // no change of configuration is needed. Whoever replaces the file may be at it, or have written one file of two.
    public TokenRequestException Unusable(string problem, Exception? exception = null) =>
        new($"{client} could not get a token: the file '{path}' {problem}. Fix the file, or change {client.Option(option)}.", exception!)
        {
            ClientName = client.Value,
            IsTransient = true,
        };

    private string Decode(byte[] bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsSpan(3) : bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Unusable("is not UTF-8 text");
        }
    }

    // mounted secrets commonly end in one line break that is not part of them.
    private static string WithoutLastLineBreak(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
        : text.EndsWith('\n') ? text[..^1]
        : text;
}
