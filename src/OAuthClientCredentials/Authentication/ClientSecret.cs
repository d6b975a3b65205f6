using System.Text;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>Where a client's secret comes from: its options, or a file that is read anew for every attempt .</summary>
internal sealed class ClientSecret(ClientName client, string? value, string? file)
{
    private const int MaxBytes = 64 * 1024;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    public async ValueTask<string> ReadAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(file))
        {
            return value!;
        }

        string secret = WithoutLastLineBreak(await ReadFileAsync(cancellationToken).ConfigureAwait(false));
        return secret.Length == 0 ? throw Unusable("is empty")
            : secret.AsSpan().ContainsAny('\r', '\n', '\0') ? throw Unusable("holds more than one line")
            : secret;
    }

    private async ValueTask<string> ReadFileAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(file!).Length > MaxBytes)
            {
                throw Unusable($"is larger than {MaxBytes} bytes");
            }

            return await File.ReadAllTextAsync(file!, StrictUtf8, cancellationToken).ConfigureAwait(false);
        }
        catch (DecoderFallbackException)
        {
            throw Unusable("is not UTF-8 text");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unusable("cannot be read", exception);
        }
    }

    // mounted secrets commonly end in one line break that is not part of them.
    private static string WithoutLastLineBreak(string text) =>
        text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2]
        : text.EndsWith('\n') ? text[..^1]
        : text;

    private TokenRequestException Unusable(string problem, Exception? exception = null) =>
        new($"{client} got no token: the secret file '{file}' {problem}. Put the client secret into it, or change {client.Option(nameof(ClientCredentialsOptions.ClientSecretFile))}.", exception!)
        {
            ClientName = client.Value,
        };
}
