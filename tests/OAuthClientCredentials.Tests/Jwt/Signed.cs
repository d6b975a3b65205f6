using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>An assertion as a server receives it.</summary>
internal sealed class Signed
{
    private readonly string[] _parts;

    private Signed(string assertion)
    {
        _parts = assertion.Split('.');
        Assert.Equal(3, _parts.Length);
        Header = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(_parts[0])).RootElement;
        Claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(_parts[1])).RootElement;
    }

    public JsonElement Header { get; }

    public JsonElement Claims { get; }

    public byte[] Signature => Base64UrlEncoder.DecodeBytes(_parts[2]);

    public byte[] Input => Encoding.ASCII.GetBytes($"{_parts[0]}.{_parts[1]}");

    public static Signed In(Dictionary<string, string> form) => new(form["client_assertion"]);

    public bool IsBy(AsymmetricAlgorithm key)
    {
        string algorithm = Header.GetProperty("alg").GetString()!;
        HashAlgorithmName hash = new($"SHA{algorithm[2..]}");
        return key switch
        {
            ECDsa ec => ec.VerifyData(Input, Signature, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation),
            RSA rsa => rsa.VerifyData(Input, Signature, hash, algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1),
            _ => false,
        };
    }
}
