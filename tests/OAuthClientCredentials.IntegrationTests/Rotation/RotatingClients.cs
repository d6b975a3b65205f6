using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

internal sealed class RotatingSecret() : RotatingClient("secret")
{
    private const string OldSecret = Canary.Marker + "old";
    private const string NewSecret = Canary.Marker + "new";

    protected override void Configure(ClientCredentialsOptions options) =>
        (options.ClientId, options.ClientSecretFile) = (Id, PathOf("secret"));

    protected override (string Name, string Content)[] Files() => [("secret", (IsNew ? NewSecret : OldSecret) + "\n")];

    protected override OidcClient Describe(bool acceptsOld, bool acceptsNew) =>
        OidcClient.WithSecret(Id, "client_secret_basic", acceptsNew ? NewSecret : OldSecret, acceptsOld && acceptsNew ? OldSecret : null);
}

internal class RotatingKey(string id = "key") : RotatingClient(id)
{
    private readonly ECDsa _old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _new = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    protected ECDsa Key => IsNew ? _new : _old;

    public override void Dispose()
    {
        base.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    protected override void Configure(ClientCredentialsOptions options) =>
        (options.ClientId, options.PrivateKeyFile) = (Id, PathOf("key.pem"));

    protected override (string Name, string Content)[] Files() => [("key.pem", TestKeys.Pem(Key))];

    protected override OidcClient Describe(bool acceptsOld, bool acceptsNew)
    {
        JsonObject[] both = [TestKeys.PublicJwk(_old), TestKeys.PublicJwk(_new)];
        return OidcClient.WithKeys(Id, both[(acceptsOld ? 0 : 1)..(acceptsNew ? 2 : 1)]);
    }
}

/// <summary>A certificate for authentication and binding, in one file or with its key in a second one, as Kubernetes mounts them.</summary>
internal sealed class RotatingCertificate(string id = "certificate", int lifetime = 2) : RotatingClient(id, lifetime)
{
    private readonly X509Certificate2 _old = TestCertificates.Client("CN=old");
    private readonly X509Certificate2 _new = TestCertificates.Client("CN=new");
    private bool _hasTwoFiles;

    public override bool IsBound => true;

    public override TestApplication Start(OidcProviderServer server, RotationMode mode)
    {
        _hasTwoFiles = mode != RotationMode.Rename;
        return base.Start(server, mode);
    }

    public override void Dispose()
    {
        base.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    protected override void Configure(ClientCredentialsOptions options)
    {
        (options.ClientId, options.AuthenticationMethod, options.CertificateBoundTokens) = (Id, "self_signed_tls_client_auth", true);
        options.CertificateFile = PathOf("tls.crt");
        options.CertificateKeyFile = _hasTwoFiles ? PathOf("tls.key") : null;
    }

    protected override (string Name, string Content)[] Files()
    {
        X509Certificate2 certificate = IsNew ? _new : _old;
        if (!_hasTwoFiles)
        {
            return [("tls.crt", TestKeys.Pem(certificate))];
        }

        return [("tls.crt", certificate.ExportCertificatePem()), ("tls.key", TestKeys.Pem(TestKeys.KeyOf(certificate)))];
    }

    protected override OidcClient Describe(bool acceptsOld, bool acceptsNew)
    {
        X509Certificate2[] both = [_old, _new];
        return OidcClient.WithCertificates(Id, both[(acceptsOld ? 0 : 1)..(acceptsNew ? 2 : 1)]);
    }
}

/// <summary>An assertion that a platform signs for its workload. It is valid once, so the file changes every 200 ms.</summary>
internal sealed class RotatingAssertion() : RotatingKey("assertion")
{
    private string _issuer = "";
    private Timer? _renewal;

    public override TestApplication Start(OidcProviderServer server, RotationMode mode)
    {
        _issuer = server.Issuer;
        TestApplication application = base.Start(server, mode);
        _renewal = new(_ => ReplaceFiles(), null, 0, 200);
        return application;
    }

    public override void Dispose()
    {
        using ManualResetEvent ended = new(false);
        if (_renewal?.Dispose(ended) == true)
        {
            ended.WaitOne();
        }

        base.Dispose();
    }

    protected override void Configure(ClientCredentialsOptions options) =>
        (options.ClientId, options.ClientAssertionFile) = (Id, PathOf("token"));

    protected override (string Name, string Content)[] Files() => [("token", Sign())];

    private string Sign()
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        JsonObject header = new() { ["alg"] = "ES256", ["typ"] = "client-authentication+jwt" };
        JsonObject claims = new() { ["iss"] = Id, ["sub"] = Id, ["aud"] = _issuer, ["iat"] = now, ["exp"] = now + 60 };
        claims["jti"] = $"{Guid.NewGuid()}";
        string input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(Key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
