using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

internal sealed class RotatingSecret() : RotatingFile("secret")
{
    private const string OldSecret = Canary.Marker + "old";
    private const string NewSecret = Canary.Marker + "new";

    protected override (string Option, string File)[] Options => [("ClientSecretFile", "secret")];

    protected override (string Name, string Content)[] Files(bool isNew) => [("secret", isNew ? NewSecret + "\n" : OldSecret + "\n")];

    protected override OidcClient Register(bool takesOld, bool takesNew) =>
        OidcClient.WithSecret(Id, "client_secret_basic", takesNew ? NewSecret : OldSecret, takesOld && takesNew ? OldSecret : null);
}

/// <summary>A PEM key, or by callback a signer.</summary>
internal sealed class RotatingKey() : RotatingFile("key")
{
    private readonly ECDsa _old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _new = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private volatile AssertionSigner? _signer;

    protected override (string Option, string File)[] Options => [("PrivateKeyFile", "key.pem")];

    public override OidcApplication Start(OidcProviderServer server, Arrival arrival)
    {
        _signer = arrival == Arrival.Callback ? new VaultSigner(_old, "ES256", keyId: null) : null;
        return _signer is null ? base.Start(server, arrival) : new(server, options =>
        {
            options.ClientId = Id;
            options.UsePrivateKeyJwt(_ => new(_signer!));
        });
    }

    public override void Rotate()
    {
        _signer = _signer is null ? null : new VaultSigner(_new, "ES256", keyId: null);
        base.Rotate();
    }

    public override void Dispose()
    {
        base.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    protected override (string Name, string Content)[] Files(bool isNew) => [("key.pem", Material.Pem(isNew ? _new : _old))];

    protected override OidcClient Register(bool takesOld, bool takesNew) =>
        OidcClient.WithKeys(Id, [.. new[] { (takesOld, _old), (takesNew, _new) }.Where(key => key.Item1).Select(key => JsonWebKeys.Of(key.Item2))]);
}

/// <summary>A certificate that proves the client and binds its tokens: certificate and key in a file each, as Kubernetes mounts them, or both in one.</summary>
internal sealed class RotatingCertificate(string id = "certificate", int lifetime = 2) : RotatingFile(id, lifetime)
{
    private readonly X509Certificate2 _old = TestCertificates.Client("CN=old");
    private readonly X509Certificate2 _new = TestCertificates.Client("CN=new");
    private volatile X509Certificate2? _current;
    private bool _inTwoFiles;

    public override bool IsBound => true;

    protected override (string Option, string File)[] Options => _inTwoFiles ? [("CertificateFile", "tls.crt"), ("CertificateKeyFile", "tls.key")] : [("CertificateFile", "tls.pem")];

    public override OidcApplication Start(OidcProviderServer server, Arrival arrival)
    {
        _inTwoFiles = arrival is Arrival.SymlinkSwap or Arrival.OneByOne or Arrival.Reload;
        _current = arrival == Arrival.Callback ? _old : null;
        return _current is null ? base.Start(server, arrival) : new(server, options =>
        {
            (options.ClientId, options.AuthenticationMethod, options.CertificateBoundTokens) = (Id, "self_signed_tls_client_auth", true);
            options.UseCertificate(_ => new(_current!));
        }, mutual: true);
    }

    public override void Rotate()
    {
        _current = _current is null ? null : _new;
        base.Rotate();
    }

    public override void Dispose()
    {
        base.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    protected override (string Name, string Content)[] Files(bool isNew)
    {
        X509Certificate2 certificate = isNew ? _new : _old;
        return _inTwoFiles ? [("tls.crt", certificate.ExportCertificatePem()), ("tls.key", Material.KeyPem(certificate))] : [("tls.pem", Material.Pem(certificate))];
    }

    protected override void Describe(Action<string, string> set)
    {
        base.Describe(set);
        set("AuthenticationMethod", "self_signed_tls_client_auth");
        set("CertificateBoundTokens", "true");
    }

    protected override OidcClient Register(bool takesOld, bool takesNew) =>
        OidcClient.WithCertificates(Id, [.. new[] { (takesOld, _old), (takesNew, _new) }.Where(certificate => certificate.Item1).Select(certificate => certificate.Item2)]);
}

/// <summary>An assertion that somebody else signs and renews: what stands in the file is good once, so that it changes all the time, and in between its key does.</summary>
internal sealed class RotatingAssertion() : RotatingFile("assertion")
{
    private readonly ECDsa _old = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _new = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private volatile bool _isNew;
    private string _issuer = "";
    private Timer? _renewal;

    protected override (string Option, string File)[] Options => [("ClientAssertionFile", "token")];

    public override OidcApplication Start(OidcProviderServer server, Arrival arrival)
    {
        _issuer = server.Issuer;
        if (arrival == Arrival.Callback)
        {
            return new(server, options =>
            {
                options.ClientId = Id;
                options.UseClientAssertion(_ => new(Issue(_isNew ? _new : _old)));
            });
        }

        OidcApplication application = base.Start(server, arrival);
        _renewal = arrival == Arrival.Reload ? null : new(_ => base.Rotate(), null, 0, 200);
        return application;
    }

    public override void Rotate()
    {
        _isNew = true;
        if (_renewal is null)
        {
            base.Rotate();
        }
    }

    public override void Dispose()
    {
        using ManualResetEvent ended = new(false);
        if (_renewal?.Dispose(ended) == true)
        {
            ended.WaitOne();
        }

        base.Dispose();
        _old.Dispose();
        _new.Dispose();
    }

    protected override (string Name, string Content)[] Files(bool isNew) => [("token", Issue(_isNew ? _new : _old))];

    protected override OidcClient Register(bool takesOld, bool takesNew) =>
        OidcClient.WithKeys(Id, [.. new[] { (takesOld, _old), (takesNew, _new) }.Where(key => key.Item1).Select(key => JsonWebKeys.Of(key.Item2))]);

    private string Issue(ECDsa key)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return SignedAssertion.Create(key, new JsonObject { ["iss"] = Id, ["sub"] = Id, ["aud"] = _issuer, ["jti"] = $"{Guid.NewGuid()}", ["iat"] = now, ["exp"] = now + 60 });
    }
}
