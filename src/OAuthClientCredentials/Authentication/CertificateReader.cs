using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Authentication;

/// <summary>Reads a client certificate, its private key and its intermediate certificates from the content of its files.</summary>
internal sealed class CertificateReader(ClientContext client, ClientCredentialsOptions options)
{
    private string? Password => options.CertificatePassword;

    private string PasswordOption => client.Option(nameof(options.CertificatePassword));

    /// <exception cref="TokenRequestException">The content is not a certificate with its private key.</exception>
    public TlsCertificate Read(byte[] content, byte[] key)
    {
        CredentialContent certificates = CredentialContent.Parse(content);
        if (certificates.Pkcs12 is { } pkcs12)
        {
            return FromPkcs12(pkcs12);
        }

        string keys = certificates.Text;
        if (key.Length > 0)
        {
            keys = CredentialContent.Parse(key).Text;
        }

        return FromPem(certificates.Text, keys);
    }

    private TlsCertificate FromPkcs12(byte[] content)
    {
        X509Certificate2Collection all = [];
        try
        {
            ImportPkcs12(all, content);
        }
        catch (CryptographicException exception)
        {
            throw Unusable(CredentialContent.ProblemOfPkcs12(exception, Password, PasswordOption), exception);
        }

        X509Certificate2 own = all.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw Unusable("contains no private key. Export the certificate together with its key");
        all.Remove(own);
        return new(own, all) { NeedsTls12 = options.RequireFapi2 };
    }

    private TlsCertificate FromPem(string certificates, string keys)
    {
        X509Certificate2Collection all = CertificatesIn(certificates);
        if (!PrivateKeyPem.IsIn(keys))
        {
            string keyFile = client.Option(nameof(options.CertificateKeyFile));
            throw UnusableKey($"contains no private key in PEM. Add it, or set {keyFile} to the file that contains it");
        }

        if (PrivateKeyPem.FindProblem(keys, Password, PasswordOption) is { } problem)
        {
            throw UnusableKey($"contains a private key that {problem}");
        }

        // Some tools write the intermediate certificate first. The client's own certificate is the one that fits the key.
        using AsymmetricAlgorithm key = PrivateKeyPem.Import(keys, Password)!;
        X509Certificate2? leaf = all.FirstOrDefault(certificate => Fits(certificate, key));
        if (leaf is null)
        {
            throw Unusable(ProblemOf(all));
        }

        all.Remove(leaf);
        return new(Join(leaf, key), all) { NeedsTls12 = options.RequireFapi2 };
    }

    private X509Certificate2Collection CertificatesIn(string pem)
    {
        X509Certificate2Collection all = [];
        try
        {
            all.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw Unusable("contains a damaged certificate. Check its BEGIN line, its END line and all lines between them", exception);
        }

        if (all.Count == 0)
        {
            throw Unusable("contains no certificate in PEM or PKCS#12. Check that it is the file of the certificate");
        }

        return all;
    }

    private static bool Fits(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        byte[] own = key.ExportSubjectPublicKeyInfo();
        return certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(own);
    }

    private static X509Certificate2 Join(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        if (key is RSA rsa)
        {
            return certificate.CopyWithPrivateKey(rsa);
        }

        return certificate.CopyWithPrivateKey((ECDsa)key);
    }

    private static string ProblemOf(X509Certificate2Collection all)
    {
        foreach (X509Certificate2 certificate in all)
        {
            if (PrivateKeyPem.UnsupportedName(certificate.GetKeyAlgorithm()) is { } name)
            {
                return $"contains a certificate with an {name} key, which .NET does not support. Use a certificate with an RSA or EC key";
            }
        }

        return "contains no certificate that fits the private key. Check that the certificate and the key belong together";
    }

    private void ImportPkcs12(X509Certificate2Collection all, byte[] content)
    {
#if NET9_0_OR_GREATER
        all.AddRange(X509CertificateLoader.LoadPkcs12Collection(content, Password));
#else
        all.Import(content, Password);
#endif
    }

    private TokenRequestException Unusable(string problem, Exception? exception = null) =>
        Unusable(options.CertificateFile!, nameof(options.CertificateFile), problem, exception);

    private TokenRequestException UnusableKey(string problem)
    {
        if (string.IsNullOrEmpty(options.CertificateKeyFile))
        {
            return Unusable(problem);
        }

        return Unusable(options.CertificateKeyFile, nameof(options.CertificateKeyFile), problem);
    }

    // Transient: the file may be replaced at any time.
    private TokenRequestException Unusable(string path, string option, string problem, Exception? exception = null) =>
        client.Unusable($"the file '{path}' {problem}", option, isTransient: true, exception);
}
