using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using OAuthClientCredentials.Jwt;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>A signer as an application writes it: the key is elsewhere.</summary>
internal sealed class TestSigner(string algorithm, JsonWebKey? publicKey, Func<ReadOnlyMemory<byte>, byte[]>? sign = null) : AssertionSigner
{
    public override string Algorithm => algorithm;

    public override JsonWebKey? PublicKey => publicKey;

    /// <summary>A signer with an EC key, which names its public key itself.</summary>
    public static TestSigner Create(ECDsa key)
    {
        ECParameters all = key.ExportParameters(includePrivateParameters: false);
        JsonWebKey jwk = new()
        {
            Kty = "EC",
            Crv = "P-256",
            X = Base64UrlEncoder.Encode(all.Q.X),
            Y = Base64UrlEncoder.Encode(all.Q.Y),
        };
        return new("ES256", jwk, input => key.SignData(input.Span, HashAlgorithmName.SHA256));
    }

    public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken) =>
        new(sign?.Invoke(signingInput) ?? new byte[64]);
}
