using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Authentication;

/// <summary>
/// Reads a client's certificate from files, a store or a callback. It is read for every attempt, and compared by content.
/// </summary>
internal sealed class ClientCertificate(ClientContext client, ClientCredentialsOptions options)
{
    private static readonly TimeSpan WarnBefore = TimeSpan.FromDays(14);

    private Loaded? _last;
    private string? _loggedThumbprint;

    public static bool IsConfigured(ClientCredentialsOptions options) =>
        options.Certificate is not null
        || !string.IsNullOrEmpty(options.CertificateFile)
        || !string.IsNullOrEmpty(options.CertificateThumbprint);

    /// <exception cref="TokenRequestException">There is no valid certificate with a private key.</exception>
    public async ValueTask<TlsCertificate> GetAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        TlsCertificate certificate = await ReadAsync(cancellationToken).ConfigureAwait(false);
        X509Certificate2 x509 = certificate.Certificate;
        if (!x509.HasPrivateKey)
        {
            throw Unusable("has no private key");
        }

        if (now < x509.NotBefore)
        {
            throw Unusable($"is not valid before {x509.NotBefore.ToUniversalTime():u}");
        }

        if (now >= x509.NotAfter)
        {
            throw Unusable($"expired at {x509.NotAfter.ToUniversalTime():u}");
        }

        if (options.RequireFapi2 && x509.GetRSAPublicKey() is { KeySize: < 2048 })
        {
            throw Unusable("has an RSA key of fewer than 2048 bits (RequireFapi2: FAPI 2.0 section 5.4.1)");
        }

        return certificate;
    }

    /// <summary>
    /// Returns true once for each certificate that expires within two weeks, so that it is logged once. One that is never valid for
    /// long is not logged.
    /// </summary>
    public bool TryMarkExpiryLogged(TlsCertificate certificate, DateTimeOffset now) =>
        certificate.Validity.IsLong
        && certificate.Validity.Until - now < WarnBefore
        && Interlocked.Exchange(ref _loggedThumbprint, certificate.Thumbprint) != certificate.Thumbprint;

    private async ValueTask<TlsCertificate> ReadAsync(CancellationToken cancellationToken)
    {
        if (options.Certificate is { } source)
        {
            return KeepIfUnchanged(await source(cancellationToken).ConfigureAwait(false));
        }

        if (string.IsNullOrEmpty(options.CertificateFile))
        {
            return KeepIfUnchanged(FindInStore());
        }

        return await ReadFilesAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<TlsCertificate> ReadFilesAsync(CancellationToken cancellationToken)
    {
        CredentialFile file = new(client, nameof(options.CertificateFile), options.CertificateFile!);
        byte[] content = await file.ReadAsync(cancellationToken).ConfigureAwait(false);
        byte[] key = await ReadKeyAsync(cancellationToken).ConfigureAwait(false);
        if (Volatile.Read(ref _last) is { } last && last.Content.AsSpan().SequenceEqual(content) && last.Key.AsSpan().SequenceEqual(key))
        {
            return last.Certificate;
        }

        TlsCertificate certificate = new CertificateReader(client, options).Read(content, key);
        Volatile.Write(ref _last, new(content, key, certificate));
        return certificate;
    }

    private async ValueTask<byte[]> ReadKeyAsync(CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(options.CertificateKeyFile))
        {
            return [];
        }

        CredentialFile file = new(client, nameof(options.CertificateKeyFile), options.CertificateKeyFile);
        return await file.ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    private X509Certificate2 FindInStore()
    {
        (StoreLocation location, string name) = StoreOf(options.CertificateStore) ?? (StoreLocation.CurrentUser, "My");
        using X509Store store = new(name, location);
        try
        {
            store.Open(OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        }
        catch (CryptographicException exception)
        {
            throw Unusable("cannot be read from its store", exception);
        }

        X509Certificate2Collection found = store.Certificates
            .Find(X509FindType.FindByThumbprint, options.CertificateThumbprint!, validOnly: false);
        return found.FirstOrDefault() ?? throw Unusable("is not in its store");
    }

    /// <summary>Parses a store such as "CurrentUser/My". Returns null if the text is not valid.</summary>
    public static (StoreLocation Location, string Name)? StoreOf(string? text)
    {
        if (text?.Split('/') is [{ Length: > 0 } location, { Length: > 0 } name]
            && Enum.TryParse(location, ignoreCase: true, out StoreLocation parsed))
        {
            return (parsed, name);
        }

        return null;
    }

    // Returns the same object while the certificate does not change, so that its TLS context is reused.
    private TlsCertificate KeepIfUnchanged(X509Certificate2 current)
    {
        if (current is null)
        {
            throw Unusable("is missing: the callback given to UseCertificate returned no certificate");
        }

        TlsCertificate certificate = new(current, []) { NeedsTls12 = options.RequireFapi2 };
        if (Volatile.Read(ref _last) is { } last && last.Certificate.Thumbprint == certificate.Thumbprint)
        {
            return last.Certificate;
        }

        Volatile.Write(ref _last, new([], [], certificate));
        return certificate;
    }

    private TokenRequestException Unusable(string problem, Exception? exception = null)
    {
        (string file, string option) = Source();
        return client.Error($": its certificate{file} {problem}. Replace it, or change {option}.", isTransient: true, exception);
    }

    private (string File, string Option) Source()
    {
        if (options.Certificate is not null)
        {
            return ("", "UseCertificate");
        }

        if (string.IsNullOrEmpty(options.CertificateFile))
        {
            return ("", client.Option(nameof(options.CertificateThumbprint)));
        }

        return ($" in '{options.CertificateFile}'", client.Option(nameof(options.CertificateFile)));
    }

    private sealed record Loaded(byte[] Content, byte[] Key, TlsCertificate Certificate);
}
