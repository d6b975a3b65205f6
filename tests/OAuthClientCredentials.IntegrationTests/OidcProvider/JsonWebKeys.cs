using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>The public halves of keys, as a client registers them.</summary>
internal static class JsonWebKeys
{
    public static JsonObject Set(params JsonObject[] keys) => new() { ["keys"] = new JsonArray([.. keys]) };

    public static JsonObject Of(AsymmetricAlgorithm key, string? kid = null, string? algorithm = null)
    {
        JsonObject jwk = key switch
        {
            ECDsa ec => Of(ec.ExportParameters(includePrivateParameters: false)),
            RSA rsa => Of(rsa.ExportParameters(includePrivateParameters: false)),
            _ => throw new ArgumentException("Neither EC nor RSA.", nameof(key)),
        };
        foreach ((string name, string? value) in new[] { ("kid", kid), ("alg", algorithm) })
        {
            if (value is not null)
            {
                jwk[name] = value;
            }
        }

        return jwk;
    }

    public static JsonObject Of(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = certificate.GetECDsaPublicKey() ?? (AsymmetricAlgorithm)certificate.GetRSAPublicKey()!;
        JsonObject jwk = Of(key);
        jwk["use"] = "sig";
        jwk["x5c"] = new JsonArray(Convert.ToBase64String(certificate.RawData));
        return jwk;
    }

    private static JsonObject Of(ECParameters parameters) => new()
    {
        ["kty"] = "EC",
        ["crv"] = parameters.Curve.Oid.Value switch { "1.2.840.10045.3.1.7" => "P-256", "1.3.132.0.34" => "P-384", _ => "P-521" },
        ["x"] = Base64Url.EncodeToString(parameters.Q.X),
        ["y"] = Base64Url.EncodeToString(parameters.Q.Y),
    };

    private static JsonObject Of(RSAParameters parameters) => new()
    {
        ["kty"] = "RSA",
        ["n"] = Base64Url.EncodeToString(parameters.Modulus),
        ["e"] = Base64Url.EncodeToString(parameters.Exponent),
    };
}
