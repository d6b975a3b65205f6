using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>A key for proofs, and the options that select it.</summary>
internal sealed class BindingKey : IDisposable
{
    private readonly string? _file;
    private readonly AssertionSigner? _signer;

    private BindingKey(string? file, AssertionSigner? signer) => (_file, _signer) = (file, signer);

    /// <summary>The names of the algorithms, in the order of the table.</summary>
    public static string[] Algorithms => ["ES256", "ES384", "ES512", "PS256", "RS256", "EdDSA"];

    /// <summary>ES256 is the default. An RSA key in a file is for PS256. The others need a signer.</summary>
    public static async Task<BindingKey> CreateAsync(string algorithm, OidcProviderServer server) => algorithm switch
    {
        "ES256" => new(null, null),
        "RS256" => new(null, new VaultSigner(TestKeys.RsaKey, algorithm, null)),
        "EdDSA" => new(null, new EdDsaSigner(server, JsonWebKey.Create(await server.PublicKeyAsync()))),
        _ => new(Write(TestKeys.Create(algorithm)), null),
    };

    public void Configure(ClientCredentialsOptions options)
    {
        (options.DPoPBoundAccessTokens, options.DPoPKeyFile) = (true, _file);
        if (_signer is not null)
        {
            options.UseDPoP(_signer);
        }
    }

    public void Dispose()
    {
        if (_file is not null)
        {
            File.Delete(_file);
        }
    }

    private static string Write(AsymmetricAlgorithm key)
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, TestKeys.Pem(key));
        return path;
    }

    private sealed class EdDsaSigner(OidcProviderServer server, JsonWebKey publicKey) : AssertionSigner
    {
        public override string Algorithm => "EdDSA";

        public override JsonWebKey? PublicKey => publicKey;

        public override async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
            await server.SignAsync(Encoding.ASCII.GetString(signingInput.Span));
    }
}
