using System.Security.Cryptography;
using System.Text;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>Signs with the client secret: <c>client_secret_jwt</c> (OpenID Connect Core section 9).</summary>
internal sealed class SecretSigner(string secret, string algorithm) : AssertionSigner
{
    public override string Algorithm => algorithm;

    public override ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> signingInput, CancellationToken cancellationToken)
    {
        byte[] key = Encoding.UTF8.GetBytes(secret);
        try
        {
            return new(algorithm switch
            {
                "HS384" => HMACSHA384.HashData(key, signingInput.Span),
                "HS512" => HMACSHA512.HashData(key, signingInput.Span),
                _ => HMACSHA256.HashData(key, signingInput.Span),
            });
        }
        finally
        {
            // The copy of the secret must not stay in memory after use.
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
