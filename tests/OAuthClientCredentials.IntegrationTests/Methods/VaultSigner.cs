using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>A signer as an application writes it for a key vault: it signs asynchronously and does not expose the key.</summary>
internal sealed class VaultSigner(AsymmetricAlgorithm key, string algorithm, string? keyId) : AssertionSigner
{
    public override string Algorithm => algorithm;

    public override string? KeyId => keyId;

    public override JsonWebKey? PublicKey => JsonWebKey.Create(TestKeys.PublicJwk(key).ToJsonString());

    public override async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        await Task.Yield();
        HashAlgorithmName hash = new($"SHA{algorithm[2..]}");
        if (key is ECDsa ec)
        {
            return ec.SignData(signingInput.Span, hash);
        }

        RSASignaturePadding padding = algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return ((RSA)key).SignData(signingInput.Span, hash, padding);
    }
}
