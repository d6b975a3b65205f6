using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>RequireFapi2 turns on what the FAPI 2.0 Security Profile demands of a client, and refuses every weaker setting.</summary>
public sealed class Fapi2ProfileTests : IDisposable
{
    private static readonly string P256 = PemOf(ECCurve.NamedCurves.nistP256);
    private static readonly string P384 = PemOf(ECCurve.NamedCurves.nistP384);

    private readonly X509Certificate2 _certificate = Certificates.Create();
    private readonly TemporaryFile _certificateFile;
    private readonly TemporaryFile _keyFile = new(P384);

    public Fapi2ProfileTests() => _certificateFile = new(Certificates.Pem(_certificate));

    /// <summary>Changes of a valid client, and the one message. <c>{certificate}</c> and <c>{P-384}</c> are files.</summary>
    public static TheoryData<string, string> Weaker => new()
    {
        {
            "PrivateKey=;ClientSecret=canary",
            "AuthenticationMethod must be private_key_jwt, tls_client_auth or self_signed_tls_client_auth " + Clause("5.3.3.1")
        },
        { "PrivateKey=;ClientSecretFile=/run/canary", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=;ClientSecret=canary;AuthenticationMethod=client_secret_post", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=;ClientSecret=canary;AuthenticationMethod=client_secret_jwt", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=;AuthenticationMethod=none", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=;ClientAssertionFile=/run/canary;AuthenticationMethod=spiffe_jwt", "AuthenticationMethod must be private_key_jwt" },
        { "PrivateKey=;CertificateFile={certificate};AuthenticationMethod=spiffe_x509", "AuthenticationMethod must be private_key_jwt" },
        { "Authority=", "Authority is missing: only the metadata of the issuer may name the token endpoint " + Clause("5.3.3.1") },
        { "Authority=;TokenEndpoint=https://canary.example.com/token", "Authority is missing: only the metadata of the issuer" },
        { "TokenEndpoint=https://canary.example.com/token", "TokenEndpoint must not be set: only the metadata of the issuer may name" },
        { "RevocationEndpoint=https://canary.example.com/revoke", "RevocationEndpoint must not be set: only the metadata of the issuer" },
        {
            "MetadataAddress=https://canary.example.com/a",
            "MetadataAddress must not be set: the metadata must be where the issuer serves it " + Clause("5.3.3.1")
        },
        { "Authority=https+http://canary", "Authority must be the issuer itself, not a logical address" },
        { "Authority=http://canary.example.com", "Authority must be https, also for loopback " + Clause("5.2.1") },
        { "Authority=http://localhost:8080", "Authority must be https, also for loopback " + Clause("5.2.1") },
        { "AllowInsecureHttp=true", "AllowInsecureHttp must be false: every connection uses TLS " + Clause("5.2.1") },
        { "KeyAlgorithm=RS256", "KeyAlgorithm must be PS256, ES256 or EdDSA " + Clause("5.4.1") },
        { "KeyAlgorithm=PS512", "KeyAlgorithm must be PS256, ES256 or EdDSA " + Clause("5.4.1") },
        {
            "PrivateKey=;PrivateKeyFile={P-384}",
            "PrivateKeyFile signs with ES384, but only PS256, ES256 and EdDSA are allowed " + Clause("5.4.1")
        },
        { "DPoPKeyFile={P-384}", "DPoPKeyFile signs with ES384, but only PS256, ES256 and EdDSA are allowed " + Clause("5.4.1") },
        {
            "AssertionAudience=https://canary.example.com/token",
            "AssertionAudience must be the issuer, which is the default " + Clause("5.3.3.1")
        },
    };

    /// <summary>Changes of a valid client, and what binds its tokens.</summary>
    public static TheoryData<string, string> Accepted => new()
    {
        { "", "DPoP" },
        { "KeyAlgorithm=ES256", "DPoP" },
        { "AssertionAudience=https://id.example.com", "DPoP" },
        { "AssertionType=JWT;AllowedEndpointHosts=tokens.example.net", "DPoP" },
        { "PrivateKey=;ClientAssertionFile=/run/assertion;AuthenticationMethod=private_key_jwt", "DPoP" },
        { "PrivateKey=;CertificateFile={certificate};AuthenticationMethod=private_key_jwt", "DPoP" },
        { "PrivateKey=;CertificateFile={certificate}", "certificate" },
        { "PrivateKey=;CertificateFile={certificate};AuthenticationMethod=self_signed_tls_client_auth", "certificate" },
        { "CertificateFile={certificate};AuthenticationMethod=private_key_jwt", "certificate" },
        { "PrivateKey=;CertificateFile={certificate};AuthenticationMethod=private_key_jwt;CertificateBoundTokens=true", "certificate" },
        { "PrivateKey=;CertificateFile={certificate};DPoPBoundAccessTokens=true", "DPoP" },
    };

    public void Dispose()
    {
        _certificate.Dispose();
        _certificateFile.Dispose();
        _keyFile.Dispose();
    }

    [Theory]
    [Trait("Req", "R-235")]
    [MemberData(nameof(Weaker))]
    public async Task Fapi2_refuses_a_weaker_setting_with_one_message_and_its_clause(string changes, string problem)
    {
        await using TestProvider provider = Create(changes);
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.StartsWith($"ClientCredentials:orders:{problem}", failure, StringComparison.Ordinal);
        Assert.Contains("(RequireFapi2: FAPI 2.0 section 5.", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [Trait("Req", "R-234")]
    [Trait("Req", "R-235")]
    [MemberData(nameof(Accepted))]
    public async Task Fapi2_accepts_a_client_and_binds_its_tokens(string changes, string binding)
    {
        await using TestProvider provider = Create(changes);
        Assert.Empty(provider.ValidateOnStart());
        ClientCredentialsOptions options = provider.Options("orders");
        Assert.Equal(
            (binding == "certificate", binding == "DPoP", true),
            (options.CertificateBoundTokens, options.DPoPBoundAccessTokens, options.RequireBearerSyntax));
    }

    [Theory]
    [Trait("Req", "R-235")]
    [MemberData(nameof(Weaker))]
    public async Task Without_Fapi2_no_setting_is_refused_for_it(string changes, string problem)
    {
        await using TestProvider provider = Create($"{changes};RequireFapi2=false");
        Assert.DoesNotContain(provider.ValidateOnStart(), failure => failure.Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_that_a_later_callback_sets_is_refused_because_nothing_binds_the_tokens()
    {
        await using TestProvider provider =
            Create("RequireFapi2=false", services => services.PostConfigureAll<ClientCredentialsOptions>(o => o.RequireFapi2 = true));
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.StartsWith("ClientCredentials:orders:RequireFapi2 was set after ", failure, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-235")]
    public void Fapi2_without_dependency_injection_refuses_a_secret() => Assert.StartsWith(
        "The default client: AuthenticationMethod must be private_key_jwt",
        Assert.Single(Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options =>
        {
            (options.Authority, options.ClientId, options.ClientSecret) = ("https://id.example.com", "shop", "secret");
            options.RequireFapi2 = true;
        })).Failures),
        StringComparison.OrdinalIgnoreCase);

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_refuses_a_signer_of_another_algorithm()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        AssertionSigner signer = AssertionSigner.From(
            new(new Microsoft.IdentityModel.Tokens.ECDsaSecurityKey(key), Microsoft.IdentityModel.Tokens.SecurityAlgorithms.EcdsaSha384));
        await using TestProvider provider = Create(
            "PrivateKey=",
            services => services.Configure<ClientCredentialsOptions>("orders", options => options.UsePrivateKeyJwt(signer)));
        TokenRequestException failure = await provider.FailAsync("orders");
        Assert.Contains("not one of PS256, ES256, EdDSA " + Clause("5.4.1"), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_uses_the_main_endpoint_if_the_client_authenticates_there_by_its_certificate()
    {
        await using TestProvider provider = Create("PrivateKey=;CertificateFile={certificate}");
        Assert.NotEmpty(await provider.GetAsync("orders"));
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_names_a_remedy_that_it_allows_if_no_endpoint_does_mutual_TLS()
    {
        await using TestProvider provider = Create("CertificateFile={certificate};AuthenticationMethod=private_key_jwt");
        TokenRequestException failure = await provider.FailAsync("orders");
        const string Remedy = "AuthenticationMethod to tls_client_auth, or remove the certificate to use DPoP.";
        Assert.Contains(Remedy, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-235")]
    public async Task Fapi2_refuses_a_certificate_with_a_short_RSA_key()
    {
        using RSA key = RSA.Create(1024);
        CertificateRequest request = new("CN=shop", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(Certificates.Start.AddDays(-1), Certificates.Start.AddDays(365));
        _certificateFile.Write($"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}");
        await using TestProvider provider = Create("PrivateKey=;CertificateFile={certificate}");
        TokenRequestException failure = await provider.FailAsync("orders");
        Assert.Contains("fewer than 2048 bits " + Clause("5.4.1"), failure.Message, StringComparison.Ordinal);
    }

    private TestProvider Create(string changes, Action<IServiceCollection>? register = null)
    {
        List<(string, string?)> settings =
        [
            ("orders:Authority", "https://id.example.com"),
            ("orders:ClientId", "shop"),
            ("orders:PrivateKey", P256),
            ("orders:RequireFapi2", "true"),
            ("orders:MaxRetries", "0"),
        ];
        foreach (string change in changes.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = change.Split('=', 2);
            string value = parts[1].Replace("{certificate}", _certificateFile.Path, StringComparison.Ordinal)
                .Replace("{P-384}", _keyFile.Path, StringComparison.Ordinal);
            settings.RemoveAll(setting => setting.Item1 == $"orders:{parts[0]}");
            settings.Add(($"orders:{parts[0]}", value));
        }

        return TestProvider.FromConfiguration(settings, services =>
        {
            services.AddClientCredentials().AddJwtAuthentication();
            register?.Invoke(services);
        });
    }

    private static string Clause(string section) => $"(RequireFapi2: FAPI 2.0 section {section})";

    private static string PemOf(ECCurve curve)
    {
        using ECDsa key = ECDsa.Create(curve);
        return key.ExportPkcs8PrivateKeyPem();
    }
}
