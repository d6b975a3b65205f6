using System.Security.Cryptography;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>A signer as an application writes it for its key vault: the key answers later and is never seen.</summary>
internal sealed class VaultSigner(AsymmetricAlgorithm key, string algorithm, string? keyId) : AssertionSigner
{
    public override string Algorithm => algorithm;

    public override string? KeyId => keyId;

    public override async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        await Task.Yield();
        HashAlgorithmName hash = new($"SHA{algorithm[2..]}");
        return key is ECDsa ec ? ec.SignData(signingInput.Span, hash)
            : ((RSA)key).SignData(signingInput.Span, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }
}
