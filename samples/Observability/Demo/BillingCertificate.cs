using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Observability.Demo;

/// <summary>
/// The certificate of the client <c>billing</c>, in a file. It is valid for 90 days, and 10 of them are left. <see cref="Renew"/> replaces
/// the file, as a platform such as cert-manager does.
/// </summary>
internal sealed class BillingCertificate : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("observability-").FullName;

    public BillingCertificate() => Write(TimeSpan.FromDays(10));

    /// <summary>The PEM file with the certificate and its key.</summary>
    public string File => Path.Combine(_folder, "billing.pem");

    public void Renew() => Write(Validity);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(TimeSpan left)
    {
        DateTimeOffset end = TimeProvider.System.GetUtcNow() + left;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=billing", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(end - Validity, end);

        // A file that is moved into place is never read half written.
        string newFile = File + ".new";
        System.IO.File.WriteAllText(newFile, $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n");
        System.IO.File.Move(newFile, File, overwrite: true);
    }
}
