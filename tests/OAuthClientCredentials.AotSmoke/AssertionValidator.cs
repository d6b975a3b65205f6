using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

/// <summary>Validates assertions as a server does: signature, type, subject, audience and one-time use.</summary>
internal sealed class AssertionValidator(ECDsa key, string issuer)
{
    private readonly HashSet<string> _seen = [];

    public bool IsValid(string form)
    {
        Dictionary<string, string> parameters = form.Split('&')
            .Select(pair => pair.Split('='))
            .ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1]));
        string[] parts = parameters["client_assertion"].Split('.');
        using JsonDocument header = JsonDocument.Parse(Decode(parts[0]));
        using JsonDocument claims = JsonDocument.Parse(Decode(parts[1]));
        return parameters["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            && Text(header, "alg") == "ES256"
            && Text(header, "typ") == "client-authentication+jwt"
            && Text(claims, "sub") == "shop"
            && Text(claims, "aud") == issuer
            && _seen.Add(Text(claims, "jti"))
            && key.VerifyData(Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Decode(parts[2]), HashAlgorithmName.SHA256);
    }

    public static string Text(JsonDocument document, string member) => document.RootElement.GetProperty(member).GetString()!;

    public static byte[] Decode(string part) =>
        Convert.FromBase64String(part.Replace('-', '+').Replace('_', '/').PadRight((part.Length + 3) / 4 * 4, '='));
}
