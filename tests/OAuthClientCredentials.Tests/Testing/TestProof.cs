using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>Makes DPoP proofs by hand, right ones and wrong ones.</summary>
internal sealed class TestProof
{
    private readonly string _algorithm;
    private readonly AsymmetricAlgorithm _key;

    public TestProof(string algorithm = "ES256", int rsaKeySize = 2048)
    {
        _algorithm = algorithm;
        _key = algorithm switch
        {
            "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            "ES512" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
            _ => RSA.Create(rsaKeySize),
        };
    }

    public JsonObject Jwk
    {
        get
        {
            if (_key is RSA rsa)
            {
                RSAParameters parameters = rsa.ExportParameters(false);
                return new() { ["kty"] = "RSA", ["n"] = Encode(parameters.Modulus!), ["e"] = Encode(parameters.Exponent!) };
            }

            ECParameters point = ((ECDsa)_key).ExportParameters(false);
            string curve = _key.KeySize.ToString(CultureInfo.InvariantCulture);
            return new() { ["kty"] = "EC", ["crv"] = $"P-{curve}", ["x"] = Encode(point.Q.X!), ["y"] = Encode(point.Q.Y!) };
        }
    }

    public string Create(ProofParts parts)
    {
        string input = $"{Encode(parts.Header.ToJsonString())}.{Encode(parts.Claims.ToJsonString())}";
        return $"{input}.{Encode(Sign(Encoding.ASCII.GetBytes(input), _algorithm))}";
    }

    public ProofParts CreateParts(HttpMethod method, string address, DateTimeOffset now, string? token, string? nonce)
    {
        JsonObject header = new() { ["typ"] = "dpop+jwt", ["alg"] = _algorithm, ["jwk"] = Jwk };
        JsonObject claims = new()
        {
            ["jti"] = Guid.NewGuid().ToString(),
            ["htm"] = method.Method,
            ["htu"] = address,
            ["iat"] = now.ToUnixTimeSeconds(),
        };
        if (token is not null)
        {
            claims["ath"] = Encode(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
        }

        if (nonce is not null)
        {
            claims["nonce"] = nonce;
        }

        return new(header, claims);
    }

    public static string Encode(string text) => Encode(Encoding.UTF8.GetBytes(text));

    private static string Encode(byte[] bytes) => Base64UrlEncoder.Encode(bytes);

    private byte[] Sign(byte[] input, string algorithm)
    {
        HashAlgorithmName hash = new($"SHA{algorithm[2..]}");
        if (_key is ECDsa ec)
        {
            return ec.SignData(input, hash);
        }

        return ((RSA)_key).SignData(input, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }
}

/// <summary>The header and the claims of a proof before it is signed.</summary>
internal sealed record ProofParts(JsonObject Header, JsonObject Claims);
