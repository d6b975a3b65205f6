using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OAuthClientCredentials.Jwt;
using OpenIddict.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>The client of one row of the table: its credential, its registration at each server, and its options.</summary>
internal sealed class MethodClient : IDisposable
{
    private readonly string _method;
    private readonly string _algorithm;
    private readonly string _form;
    private readonly AsymmetricAlgorithm? _key;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    /// <param name="method">The authentication method.</param>
    /// <param name="credential">The credential and its form, as the table names them.</param>
    /// <param name="bound">Whether tokens are bound to the certificate.</param>
    /// <param name="authority">Issues the certificate, except for self_signed_tls_client_auth.</param>
    /// <param name="withRsa">Whether a self-signed certificate has an RSA key.</param>
    public MethodClient(string method, string credential, bool bound, X509Certificate2 authority, bool withRsa = false)
    {
        string[] parts = credential.Split(" by ");
        (_method, _algorithm, _form, IsBound) = (method, parts.Length > 1 ? parts[0] : "", parts[^1], bound);
        _key = method == "private_key_jwt" ? TestKeys.Create(_algorithm) : null;
        if (UsesTls)
        {
            Certificate = CreateCertificate(authority, withRsa);
        }
    }

    public string Id { get; } = $"client-{Guid.NewGuid():N}";

    public bool IsBound { get; }

    public X509Certificate2? Certificate { get; }

    public bool UsesTls => IsBound || IsTlsMethod;

    /// <summary>The method that oidc-provider derives from the request.</summary>
    public string SentMethod => IsTlsMethod ? "tls" : _method;

    private string Secret { get; } = $"{Canary.Marker} p:w+%&=/~\"'{Guid.NewGuid():N}";

    private string Host => $"{Id}.example.com";

    private bool IsSelfSigned => _method == "self_signed_tls_client_auth";

    private bool IsTlsMethod => _method.EndsWith("tls_client_auth", StringComparison.Ordinal);

    // Without a key identifier the server tries each registered key.
    private string? KeyId => _form is "PrivateKeyFile" or "signer" ? "key-1" : null;

    public OidcClient ForOidcProvider()
    {
        JsonNode? algorithm = _algorithm.Length > 0 ? _algorithm : null;
        OidcClient client = _method switch
        {
            "private_key_jwt" => OidcClient.WithKeys(Id, TestKeys.PublicJwk(_key!, KeyId)),
            "tls_client_auth" => OidcClient.WithSubject(Id, Certificate!.Subject),
            "self_signed_tls_client_auth" => OidcClient.WithCertificates(Id, Certificate!),
            _ => OidcClient.WithSecret(Id, _method, Secret),
        };
        client.With("token_endpoint_auth_signing_alg", algorithm);
        return IsBound ? client.BoundToCertificate() : client;
    }

    public OpenIddictApplicationDescriptor ForOpenIddict()
    {
        OpenIddictApplicationDescriptor client = new() { ClientId = Id, ClientType = OpenIddictConstants.ClientTypes.Confidential };
        if (_key is not null || IsSelfSigned)
        {
            JsonObject jwk = _key is not null ? TestKeys.PublicJwk(_key, KeyId) : TestKeys.PublicJwk(Certificate!);
            client.JsonWebKeySet = JsonWebKeySet.Create(TestKeys.Set(jwk).ToJsonString());
        }
        else
        {
            // OpenIddict does not register a confidential client without a secret or keys.
            client.ClientSecret = Secret;
        }

        if (Certificate is not null && !IsSelfSigned)
        {
            // OpenIddict identifies the certificate by the host names of the redirect addresses, also if it is only used for binding.
            client.RedirectUris.Add(new($"https://{Host}/"));
        }

        return client;
    }

    public void Configure(ClientCredentialsOptions options)
    {
        (options.ClientId, options.AuthenticationMethod, options.CertificateBoundTokens) = (Id, _method, IsBound);
        if (_key is not null)
        {
            ConfigureKey(options, _key);
        }
        else if (!IsTlsMethod)
        {
            ConfigureSecret(options);
        }

        if (Certificate is not null)
        {
            ConfigureCertificate(options, Certificate);
        }
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        Certificate?.Dispose();
        (_key as ECDsa)?.Dispose();
    }

    private X509Certificate2 CreateCertificate(X509Certificate2 authority, bool withRsa)
    {
        if (!IsSelfSigned)
        {
            return TestCertificates.Client($"CN={Host}", authority, Host);
        }

        return withRsa ? TestCertificates.Client($"CN={Host}", TestKeys.RsaKey) : TestCertificates.Client($"CN={Host}");
    }

    private void ConfigureSecret(ClientCredentialsOptions options)
    {
        options.KeyAlgorithm = _algorithm.Length > 0 ? _algorithm : null;
        if (_form == "file")
        {
            options.ClientSecretFile = Write(Secret + "\n");
        }
        else
        {
            options.ClientSecret = Secret;
        }
    }

    private void ConfigureKey(ClientCredentialsOptions options, AsymmetricAlgorithm key)
    {
        // The key determines the other algorithms.
        options.KeyAlgorithm = _algorithm == "RS256" ? _algorithm : null;
        switch (_form)
        {
            case "PrivateKey":
                options.PrivateKey = TestKeys.Pem(key);
                break;
            case "PrivateKeyFile":
                (options.PrivateKeyFile, options.KeyId) = (Write(TestKeys.Pem(key)), KeyId);
                break;
            case "certificate":
                options.CertificateFile = Write(TestKeys.Pem(TestKeys.CertificateOf((ECDsa)key)));
                break;
            default:
                options.UsePrivateKeyJwt(new VaultSigner(key, _algorithm, KeyId));
                break;
        }
    }

    private void ConfigureCertificate(ClientCredentialsOptions options, X509Certificate2 certificate)
    {
        switch (_form)
        {
            case "PEM and key":
                options.CertificateFile = Write(certificate.ExportCertificatePem());
                options.CertificateKeyFile = Write(TestKeys.Pem(TestKeys.KeyOf(certificate)));
                break;
            case "PEM and encrypted key":
                options.CertificateFile = Write(certificate.ExportCertificatePem());
                options.CertificateKeyFile = Write(TestKeys.EncryptedPem(TestKeys.KeyOf(certificate)));
                options.CertificatePassword = TestKeys.Password;
                break;
            case "PKCS#12":
                options.CertificateFile = Write(certificate.Export(X509ContentType.Pfx, TestKeys.Password));
                options.CertificatePassword = TestKeys.Password;
                break;
            case "UseCertificate":
                options.UseCertificate(_ => new(certificate));
                break;
            default:
                options.CertificateFile = Write(TestKeys.Pem(certificate));
                break;
        }
    }

    private string Write(string content) => Write(Encoding.UTF8.GetBytes(content));

    private string Write(byte[] content)
    {
        string path = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, content);
        return path;
    }
}
