using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>An assertion as a server receives it.</summary>
internal sealed class DecodedAssertion
{
    private readonly string[] _parts;

    public DecodedAssertion(string assertion)
    {
        _parts = assertion.Split('.');
        Assert.Equal(3, _parts.Length);
        Header = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(_parts[0])).RootElement;
        Claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(_parts[1])).RootElement;
    }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public string Algorithm => Header.GetProperty("alg").GetString()!;

    public byte[] Signature => Base64UrlEncoder.DecodeBytes(_parts[2]);

    public byte[] SigningInput => Encoding.ASCII.GetBytes($"{_parts[0]}.{_parts[1]}");

    public bool IsSignedBy(AsymmetricAlgorithm key)
    {
        HashAlgorithmName hash = new($"SHA{Algorithm[2..]}");
        if (key is ECDsa ec)
        {
            return ec.VerifyData(SigningInput, Signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        RSASignaturePadding padding = Algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        return ((RSA)key).VerifyData(SigningInput, Signature, hash, padding);
    }
}
