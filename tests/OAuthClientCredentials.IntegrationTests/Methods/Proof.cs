using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OAuthClientCredentials.Jwt;
using OpenIddict.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>One client of the table: what it holds, in which form, and how each server registers the public half of it.</summary>
internal sealed class Proof : IDisposable
{
    private readonly string _method;
    private readonly string _algorithm;
    private readonly string _form;
    private readonly bool _bound;
    private readonly AsymmetricAlgorithm? _key;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    /// <param name="method">The method.</param>
    /// <param name="credential">The credential and its form, as the table says it.</param>
    /// <param name="bound">Whether tokens are to be bound to the certificate.</param>
    /// <param name="authority">Issues the certificate, except that of self_signed_tls_client_auth.</param>
    /// <param name="withRsa">Gives that an RSA key.</param>
    public Proof(string method, string credential, bool bound, X509Certificate2 authority, bool withRsa = false)
    {
        (_method, _bound) = (method, bound);
        (_algorithm, _form) = credential.Split(" by ") is [var algorithm, var form] ? (algorithm, form) : ("", credential);
        _key = method == "private_key_jwt" ? Material.KeyFor(_algorithm) : null;
        if (UsesTls)
        {
            string host = $"{Id}.example.com";
            Certificate = !IsSelfSigned ? TestCertificates.Client($"CN={host}", authority, host)
                : withRsa ? TestCertificates.Client($"CN={host}", Material.RsaKey)
                : TestCertificates.Client($"CN={host}");
        }
    }

    public string Id { get; } = $"client-{Guid.NewGuid():N}";

    public string Secret { get; } = $"{Canary.Marker} p:w+%&=/~\"'{Guid.NewGuid():N}";

    public X509Certificate2? Certificate { get; }

    public bool UsesTls => _bound || IsByTls;

    /// <summary>What oidc-provider saw, by what was sent.</summary>
    public string SeenMethod => IsByTls ? "tls" : _method;

    private bool IsSelfSigned => _method == "self_signed_tls_client_auth";

    // As the application names it; what names no key is tried against those that are registered.
    private string? KeyId => _form switch { "PrivateKey as JWK" or "JWK" => "jwk-1", "PrivateKeyFile" => "pem-1", "signer" => "vault-1", _ => null };

    private bool IsByTls => _method.EndsWith("tls_client_auth", StringComparison.Ordinal);

    public OidcClient ForOidcProvider()
    {
        OidcClient client = _method switch
        {
            "private_key_jwt" => OidcClient.WithKeys(Id, JsonWebKeys.Of(_key!, KeyId)).Signing(_algorithm),
            "tls_client_auth" => OidcClient.WithSubject(Id, Certificate!.Subject),
            "self_signed_tls_client_auth" => OidcClient.WithCertificates(Id, Certificate!),
            _ => OidcClient.WithSecret(Id, _method, Secret).With("token_endpoint_auth_signing_alg", _algorithm.Length > 0 ? _algorithm : null),
        };
        return _bound ? client.BoundToCertificate() : client;
    }

    public OpenIddictApplicationDescriptor ForOpenIddict()
    {
        OpenIddictApplicationDescriptor client = new() { ClientId = Id, ClientType = OpenIddictConstants.ClientTypes.Confidential };

        JsonObject? jwk = _key is not null ? JsonWebKeys.Of(_key, KeyId) : IsSelfSigned ? JsonWebKeys.Of(Certificate!) : null;
        client.JsonWebKeySet = jwk is null ? null : JsonWebKeySet.Create(JsonWebKeys.Set(jwk).ToJsonString());

        // One that has a certificate alone cannot be registered.
        client.ClientSecret = jwk is null ? Secret : null;
        if (Certificate is not null && !IsSelfSigned)
        {
            // It knows a client's certificate by the host names of its redirect addresses, and must know it also where it only binds.
            client.RedirectUris.Add(new($"https://{Id}.example.com/"));
        }

        return client;
    }

    public void Configure(ClientCredentialsOptions options)
    {
        (options.ClientId, options.AuthenticationMethod, options.CertificateBoundTokens) = (Id, _method, _bound);
        if (_key is not null)
        {
            ConfigureKey(options, _key);
        }
        else if (!IsByTls)
        {
            options.ClientSecret = _form == "file" ? null : Secret;
            options.ClientSecretFile = _form == "file" ? Write(Secret + "\n") : null;
            options.KeyAlgorithm = _algorithm.Length > 0 ? _algorithm : null;
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

    private void ConfigureKey(ClientCredentialsOptions options, AsymmetricAlgorithm key)
    {
        // The rest follows from the key itself.
        options.KeyAlgorithm = _algorithm == "RS256" && _form is not ("signer" or "SigningCredentials") ? _algorithm : null;
        switch (_form)
        {
            case "PrivateKey": options.PrivateKey = Material.Pem(key); break;
            case "PrivateKey as JWK": (options.PrivateKey, options.KeyAlgorithm) = (Material.Jwk(key, _algorithm), null); break;
            case "PrivateKeyFile": (options.PrivateKeyFile, options.KeyId) = (Write(Material.Pem(key)), "pem-1"); break;
            case "encrypted PrivateKeyFile": (options.PrivateKeyFile, options.PrivateKeyPassword) = (Write(Material.EncryptedPem(key)), Material.Password); break;
            case "JWK": (options.PrivateKeyFile, options.KeyAlgorithm) = (Write(Material.Jwk(key, _algorithm)), null); break;
            case "PKCS#12": (options.PrivateKeyFile, options.PrivateKeyPassword) = (Write(Material.Pkcs12(key)), Material.Password); break;
            case "certificate": options.CertificateFile = Write(Material.PemWithCertificate(key)); break;
            case "SigningCredentials": options.UsePrivateKeyJwt(AssertionSigner.From(new SigningCredentials(key is ECDsa ec ? new ECDsaSecurityKey(ec) : new RsaSecurityKey((RSA)key), _algorithm))); break;
            default: options.UsePrivateKeyJwt(new VaultSigner(key, _algorithm, KeyId)); break;
        }
    }

    private void ConfigureCertificate(ClientCredentialsOptions options, X509Certificate2 certificate)
    {
        switch (_form)
        {
            case "PEM and key": (options.CertificateFile, options.CertificateKeyFile) = (Write(certificate.ExportCertificatePem()), Write(Material.KeyPem(certificate))); break;
            case "PEM and encrypted key":
                (options.CertificateFile, options.CertificateKeyFile) = (Write(certificate.ExportCertificatePem()), Write(Material.EncryptedKeyPem(certificate)));
                options.CertificatePassword = Material.Password;
                break;
            case "PKCS#12": (options.CertificateFile, options.CertificatePassword) = (Write(certificate.Export(X509ContentType.Pfx, Material.Password)), Material.Password); break;
            case "UseCertificate": options.UseCertificate(_ => new(certificate)); break;
            default: options.CertificateFile = Write(Material.Pem(certificate)); break;
        }
    }

    private string Write(string content) => Write(System.Text.Encoding.UTF8.GetBytes(content));

    private string Write(byte[] content)
    {
        string path = Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, content);
        return path;
    }
}
