using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt.Assertions;

namespace OAuthClientCredentials.Jwt.Keys;

/// <summary>
/// Reads a client's private key from its options, its file or its certificate. The source is read for every attempt; the parsed key
/// is cached until the content changes. Thread-safe.
/// </summary>
internal sealed class KeySource(ClientCredentialsOptions options)
{
    private const int MaxBytes = 64 * 1024;

    private CachedKey? _cached;

    // The option that the key comes from, as the error messages name it.
    private string Option
    {
        get
        {
            if (!string.IsNullOrEmpty(options.PrivateKeyFile))
            {
                return nameof(options.PrivateKeyFile);
            }

            if (!string.IsNullOrEmpty(options.PrivateKey))
            {
                return nameof(options.PrivateKey);
            }

            return nameof(options.CertificateFile);
        }
    }

    /// <summary>Reads the key for one attempt.</summary>
    /// <returns>The key. It can sign with its algorithm.</returns>
    /// <exception cref="TokenRequestException">The key is missing, cannot be read, or cannot sign.</exception>
    public async ValueTask<SigningKey> ReadAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        try
        {
            switch (Option)
            {
                case nameof(options.PrivateKeyFile):
                    byte[] content = await request.Client.ReadCredentialFileAsync(options.PrivateKeyFile!, Option, cancellationToken)
                        .ConfigureAwait(false);
                    return FromContent(content);
                case nameof(options.PrivateKey):
                    return FromContent(Encoding.UTF8.GetBytes(options.PrivateKey!));
                default:
                    return FromCertificate(request.Certificate);
            }
        }
        catch (FormatException exception)
        {
            string place = Option == nameof(options.PrivateKeyFile) ? $" in '{options.PrivateKeyFile}'" : "";
            string problem = $"its signing key{place} {exception.Message}";
            throw request.Client.Unusable(problem, Option, isTransient: Option != nameof(options.PrivateKey));
        }
    }

    /// <summary>Checks the key when the options are validated. A missing file is not an error yet: it may be mounted later.</summary>
    /// <returns>The option and its problem, or <see langword="null"/> if no problem is found.</returns>
    public (string Option, string Problem)? CheckAtStart()
    {
        try
        {
            if (Option == nameof(options.PrivateKey))
            {
                FromContent(Encoding.UTF8.GetBytes(options.PrivateKey!));
            }
            else if (Option == nameof(options.PrivateKeyFile) && IsRegularFile(options.PrivateKeyFile!))
            {
                FromContent(File.ReadAllBytes(options.PrivateKeyFile!));
            }

            return null;
        }
        catch (FormatException exception)
        {
            return (Option, exception.Message);
        }
        catch (UnauthorizedAccessException)
        {
            return (Option, "is a file that the process does not have permission to read. Change its permissions");
        }
        catch (IOException)
        {
            return null;
        }
    }

    // A pipe or a device has no length, and opening it can block.
    private static bool IsRegularFile(string path) => new FileInfo(path) is { Exists: true, Length: > 0 and <= MaxBytes };

    private SigningKey FromContent(byte[] content) =>
        FindCached(content) ?? Cache(content, Create(KeyReader.Read(content, options.PrivateKeyPassword, options.KeyId), null));

    private SigningKey FromCertificate(X509Certificate2? certificate)
    {
        if (certificate is null)
        {
            throw new FormatException("is missing. Set PrivateKey, PrivateKeyFile or a certificate");
        }

        byte[] content = certificate.RawData;
        return FindCached(content) ?? Cache(content, Create(KeyReader.FromCertificate(certificate), certificate));
    }

    private SigningKey? FindCached(byte[] content)
    {
        CachedKey? cached = Volatile.Read(ref _cached);
        if (cached is not null && cached.Content.AsSpan().SequenceEqual(content))
        {
            return cached.Key;
        }

        return null;
    }

    private SigningKey Create(SecurityKey key, X509Certificate2? certificate)
    {
        try
        {
            SigningKey signingKey = new(key, options.KeyId, options.KeyAlgorithm, certificate);
            if (signingKey.FindProblem() is { } problem)
            {
                throw new FormatException(problem);
            }

            if (Algorithms.FindFapi2Problem(options, signingKey.Algorithm) is { } weak)
            {
                throw new FormatException(weak);
            }

            return signingKey;
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException or CryptographicException)
        {
            throw new FormatException(KeyReader.UnsupportedKey);
        }
    }

    private SigningKey Cache(byte[] content, SigningKey key)
    {
        Volatile.Write(ref _cached, new(content, key));
        return key;
    }

    private sealed record CachedKey(byte[] Content, SigningKey Key);
}
