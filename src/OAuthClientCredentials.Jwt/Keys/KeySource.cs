using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>Where a client's private key comes from: its options, a file or its certificate; looked at anew for every attempt and compared by content (R-312).</summary>
internal sealed class KeySource(ClientCredentialsOptions options)
{
    private const int MaxBytes = 64 * 1024;

    private Known? _last;

    private string Option => !string.IsNullOrEmpty(options.PrivateKeyFile) ? nameof(options.PrivateKeyFile) : !string.IsNullOrEmpty(options.PrivateKey) ? nameof(options.PrivateKey) : nameof(options.CertificateFile);

    /// <exception cref="TokenRequestException">There is no key to use.</exception>
    public async ValueTask<SigningKey> ReadAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            SigningKey key = Option == nameof(options.CertificateFile)
                ? Keep(request.Certificate is { } certificate ? certificate.RawData : throw new FormatException("is missing. Set PrivateKey, PrivateKeyFile or a certificate"), request.Certificate)
                : Keep(Option == nameof(options.PrivateKey) ? Encoding.UTF8.GetBytes(options.PrivateKey!) : await request.Client.ReadCredentialFileAsync(options.PrivateKeyFile!, Option, cancellationToken).ConfigureAwait(false), null);
            return key.Problem is { } problem ? throw new FormatException(problem) : key;
        }
        catch (FormatException exception)
        {
            throw request.Client.Unusable($"its signing key{Place} {exception.Message}", Option, isTransient: Option != nameof(options.PrivateKey));
        }
    }

    /// <summary>What can be known before the first request; a file may be mounted later.</summary>
    public (string Option, string Problem)? CheckAtStart()
    {
        bool isCertificate = Option == nameof(options.CertificateFile);
        if (isCertificate || (Option == nameof(options.PrivateKeyFile) && !IsOrdinary(options.PrivateKeyFile!)))
        {
            return null;
        }

        try
        {
            return Keep(Option == nameof(options.PrivateKey) ? Encoding.UTF8.GetBytes(options.PrivateKey!) : File.ReadAllBytes(options.PrivateKeyFile!), null).Problem is { } problem ? (Option, $"{problem}. {(problem.StartsWith("does not serve", StringComparison.Ordinal) ? "Change KeyAlgorithm, or replace it" : "Replace it")}") : null;
        }
        catch (FormatException exception)
        {
            return (Option, $"{exception.Message}. Replace it");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (Option, "cannot be read. Check its permissions");
        }
    }

    // A pipe or device has no length, and opening one may block.
    private static bool IsOrdinary(string path) => new FileInfo(path) is { Exists: true, Length: > 0 and <= MaxBytes };

    private string Place => Option == nameof(options.PrivateKeyFile) ? $" in '{options.PrivateKeyFile}'" : "";

    private SigningKey Keep(byte[] content, X509Certificate2? certificate)
    {
        if (Volatile.Read(ref _last) is { } last && last.Content.AsSpan().SequenceEqual(content))
        {
            return last.Key;
        }

        SigningKey signing = Create(certificate is null ? KeyReader.Read(content, options.PrivateKeyPassword) : KeyReader.OfCertificate(certificate), certificate);
        Volatile.Write(ref _last, new(content, signing));
        return signing;
    }

    private SigningKey Create(SecurityKey key, X509Certificate2? certificate)
    {
        try
        {
            return new(key, options.KeyId, options.KeyAlgorithm, certificate);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or System.Security.Cryptography.CryptographicException)
        {
            throw new FormatException("is a key of a kind or curve that cannot be used");
        }
    }

    private sealed record Known(byte[] Content, SigningKey Key);
}
