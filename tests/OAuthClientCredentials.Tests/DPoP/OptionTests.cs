using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>The options of DPoP: mistakes at start, and how long a key lives.</summary>
public sealed class OptionTests
{
    private const string Mistakes = "DPoPBoundAccessTokens";

    public static TheoryData<string, string> KeyFiles => new()
    {
        { "", "is not a file with a usable private key" },
        { "text", "is not a file with a usable private key" },
        { "-----BEGIN PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----", "is not a file with a usable private key" },
        { """{"kty":"oct","k":"canarycanarycanarycanarycanarycanarycanary4"}""", "is not a file with a usable private key" },
        { Jwt.TestKeys.Ed25519Jwk, "is not a file with a usable private key" },
        { "missing", "is not a file with a usable private key" },
    };

    [Theory]
    [Trait("Req", "R-168")]
    [InlineData("CertificateBoundTokens", "DPoPBoundAccessTokens cannot be combined with CertificateBoundTokens")]
    [InlineData("UseTokenBinding", "DPoPBoundAccessTokens cannot be combined with UseTokenBinding")]
    [InlineData("DPoPKeyFile", "DPoPKeyFile needs DPoPBoundAccessTokens")]
    [InlineData("signer and file", "DPoPKeyFile cannot be combined with a signer (UseDPoP)")]
    public async Task A_combination_that_makes_no_sense_is_one_error_at_start(string mistake, string message)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using TemporaryFile file = new(key.ExportPkcs8PrivateKeyPem());
        using TemporaryFile certificate = new("");
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "orders", options =>
            {
                options.DPoPBoundAccessTokens = mistake != "DPoPKeyFile";
                switch (mistake)
                {
                    case "CertificateBoundTokens":
                        (options.CertificateBoundTokens, options.CertificateFile) = (true, certificate.Path);
                        options.AuthenticationMethod = "client_secret_basic";
                        break;
                    case "UseTokenBinding":
                        options.UseTokenBinding(new ToyBinding());
                        break;
                    case "DPoPKeyFile":
                        options.DPoPKeyFile = file.Path;
                        break;
                    default:
                        options.UseDPoP(TestSigner.Create(key));
                        options.DPoPKeyFile = file.Path;
                        break;
                }
            });
            services.AddClientCredentials("orders", _ => { }).AddJwtAuthentication();
        });
        Assert.Contains(message, Assert.Single(provider.ValidateOnStart()), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-168")]
    public async Task DPoP_without_its_package_is_an_error_that_names_the_package()
    {
        await using TestProvider provider = new(options => options.DPoPBoundAccessTokens = true);
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.Contains($"{Mistakes} needs the package OAuthClientCredentials.Jwt", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-160")]
    [MemberData(nameof(KeyFiles))]
    public async Task A_key_file_that_cannot_be_used_is_one_error_at_start_without_its_content(string content, string problem)
    {
        using TemporaryFile file = new(content);
        string path = content == "missing" ? $"{file.Path}-missing" : file.Path;
        await using DPoPClient client = new(settings: ("orders:DPoPKeyFile", path));
        string failure = Assert.Single(client.Provider.ValidateOnStart());
        Assert.StartsWith($"ClientCredentials:orders:DPoPKeyFile {problem}", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.Ordinal);
        Assert.DoesNotContain(path, failure, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-170")]
    [Trait("Req", "R-074")]
    public async Task A_key_in_memory_survives_a_reload_and_is_of_one_client()
    {
        await using DPoPClient client = new();
        AccessToken first = await client.GetTokenAsync();
        client.Provider.Reload("orders:Timeout", "00:00:20");
        GC.Collect();
        Assert.Same(first, await client.GetTokenAsync());

        client.Provider.Reload("orders:Scopes", "other");
        AccessToken second = await client.GetTokenAsync();
        Assert.NotEqual(first.Value, second.Value);
        Assert.Same(first.Binding, second.Binding);

        client.Provider.Tokens.Forget("orders");
        Assert.NotEqual(first.Binding!.Thumbprint, (await client.GetTokenAsync()).Binding!.Thumbprint);
    }

    [Fact]
    [Trait("Req", "R-170")]
    [Trait("Req", "R-070")]
    public async Task A_changed_key_file_gets_a_new_token_after_a_reload_and_the_same_key_does_not()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using ECDsa other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using TemporaryFile file = new(key.ExportPkcs8PrivateKeyPem());
        using TemporaryFile copy = new(key.ExportECPrivateKeyPem());
        await using DPoPClient client = new(settings: ("orders:DPoPKeyFile", file.Path));
        AccessToken first = await client.GetTokenAsync();
        client.Provider.Reload("orders:DPoPKeyFile", copy.Path);
        Assert.Same(first, await client.GetTokenAsync());

        copy.Write(other.ExportPkcs8PrivateKeyPem());
        Assert.Same(first, await client.GetTokenAsync());
        client.Provider.Reload("orders:Timeout", "00:00:20");
        AccessToken second = await client.GetTokenAsync();
        Assert.Equal(("token-1", "token-2"), (first.Value, second.Value));
        Assert.NotEqual(first.Binding!.Thumbprint, second.Binding!.Thumbprint);

        copy.Write("damaged");
        client.Provider.Reload("orders:Timeout", "00:00:25");
        Assert.Same(second, await client.GetTokenAsync());
    }

    [Fact]
    [Trait("Req", "R-170")]
    public async Task Two_clients_have_two_keys_and_equal_key_files_one()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using TemporaryFile file = new(key.ExportPkcs8PrivateKeyPem());
        Assert.NotEqual(await ThumbprintAsync(), await ThumbprintAsync());
        Assert.Equal(await ThumbprintAsync(("orders:DPoPKeyFile", file.Path)), await ThumbprintAsync(("orders:DPoPKeyFile", file.Path)));

        static async Task<string> ThumbprintAsync(params (string, string?)[] settings)
        {
            await using DPoPClient client = new(settings: settings);
            return (await client.GetTokenAsync()).Binding!.Thumbprint;
        }
    }

    [Fact]
    [Trait("Req", "R-164")]
    public async Task A_signer_and_another_stack_work_without_dependency_injection()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        TestTimeProvider time = new();
        using StubHandler server = new(_ => DPoPClient.Token("abc"));
        await using TokenProvider tokens = TokenProvider.Create(
            options =>
            {
                TestProvider.Configure(options);
                options.UseDPoP(TestSigner.Create(key));
            },
            server,
            time);
        AccessToken token = await tokens.GetTokenAsync();
        Uri uri = new("https://api.example.com/orders?page=1");
        Assert.True(token.StoreNonce(uri, "n1"));
        Assert.False(token.StoreNonce(uri, "not valid"));
        IReadOnlyDictionary<string, string> headers = await token.GetRequestHeadersAsync(HttpMethod.Put, uri);
        Assert.Equal("DPoP abc", headers["Authorization"]);
        DecodedProof proof = new(headers["DPoP"]);
        Assert.True(proof.IsSigned());
        Assert.Equal(
            ("PUT", "https://api.example.com/orders", "n1", DecodedProof.HashOf("abc"), $"{time.GetUtcNow().ToUnixTimeSeconds()}"),
            (proof["htm"], proof["htu"], proof["nonce"], proof["ath"], proof["iat"]));

        AccessToken bearer = new("abc", DateTimeOffset.MaxValue);
        Assert.Equal(["Authorization"], (await bearer.GetRequestHeadersAsync(HttpMethod.Get, uri)).Keys);
        Assert.False(bearer.StoreNonce(uri, "n1"));
    }

    [Fact]
    [Trait("Req", "R-170")]
    [Trait("Req", "R-210")]
    public async Task Proofs_keys_and_nonces_are_in_no_log_message_metric_or_text()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string privateKey = Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(key.ExportParameters(true).D);
        using TemporaryFile file = new(Jwt.TestKeys.EcJwk(key, "k"));
        bool isDown = false;
        await using DPoPClient client = new(
            server: proof => isDown || proof["nonce"] is null ? DPoPClient.Challenge("canary-as") : DPoPClient.Token("canary-token"),
            api: request => DPoPClient.Unauthorized("DPoP error=\"use_dpop_nonce\"", "canary-rs"),
            settings: ("orders:DPoPKeyFile", file.Path));
        using Measurements measured = new(client.Provider.Services);
        using HttpResponseMessage response = await client.Http.GetAsync("/orders");
        AccessToken token = await client.GetTokenAsync();
        isDown = true;
        Exception failure = await Assert.ThrowsAsync<TokenRequestException>(
            () => client.Provider.Services.GetRequiredService<TokenClient>().RequestTokenAsync("orders"));

        string told = string.Join(
            '\n',
            [client.Log.Text, .. client.Log.Parameters.Select(pair => $"{pair.Value}"), .. measured.Series, $"{failure}", $"{token}",
                $"{token.Binding}", $"{client.Provider.Options("orders")}", $"{response}", $"{response.RequestMessage}"]);
        string[] secrets =
            [privateKey, "canary-token", .. client.TokenProofs.Concat(client.ApiProofs).Select(proof => proof.Text.Split('.')[2])];
        Assert.Equal(2, client.ApiProofs.Count);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, told, StringComparison.Ordinal));
        Assert.DoesNotContain("canary-as", told, StringComparison.Ordinal);
    }

    private sealed class ToyBinding : TokenBinding
    {
        public override string TokenType => "Toy";

        public override string Thumbprint => "toy";
    }
}
