using System.Text.Json.Nodes;

namespace OAuthClientCredentials.Tests.Testing;

/// <summary>Proofs that are wrong in one thing each, with the word of the reason that names it.</summary>
internal static class WrongProofs
{
    private delegate string?[] Maker(TestProof key, ProofParts parts);

    private static readonly Dictionary<string, (string Reason, Maker Make)> Table = new(StringComparer.Ordinal)
    {
        ["no proof"] = ("no DPoP header", (_, _) => []),
        ["two proofs"] = ("more than one", (key, parts) => [key.Create(parts), key.Create(parts)]),
        ["two proofs in one header"] = ("signed JWT", (key, parts) => [$"{key.Create(parts)}, {key.Create(parts)}"]),
        ["empty proof"] = ("signed JWT", (_, _) => [""]),
        ["not a JWT"] = ("signed JWT", (_, _) => ["proof"]),
        ["header not JSON"] = ("signed JWT", (_, _) => [$"{TestProof.Encode("{")}.{TestProof.Encode("{}")}.AAAA"]),
        ["header a list"] = ("signed JWT", (_, _) => [$"{TestProof.Encode("[]")}.{TestProof.Encode("{}")}.AAAA"]),
        ["claims not Base64Url"] = ("signed JWT", (_, _) => [$"{TestProof.Encode("{}")}.A.AAAA"]),
        ["JWE"] = ("signed JWT", (_, parts) => [$"{TestProof.Encode(parts.Header.ToJsonString())}.AAAA.AAAA.AAAA.AAAA"]),
        ["typ missing"] = ("typ", Header("typ", null)),
        ["typ JWT"] = ("typ", Header("typ", "JWT")),
        ["alg missing"] = ("alg", Header("alg", null)),
        ["alg none"] = ("alg", Unsigned("none")),
        ["alg HS256"] = ("alg", Header("alg", "HS256")),
        ["alg RS512"] = ("alg", Header("alg", "RS512")),
        ["alg of another curve"] = ("jwk", Header("alg", "ES384")),
        ["alg of another key type"] = ("jwk", Header("alg", "PS256")),
        ["jwk missing"] = ("jwk", Header("jwk", null)),
        ["jwk a text"] = ("jwk", Header("jwk", "key")),
        ["jwk empty"] = ("jwk", Header("jwk", new JsonObject())),
        ["jwk without x"] = ("signature", Jwk("x", null)),
        ["jwk with a wrong point"] = ("signature", Jwk("x", "AAAA")),
        ["jwk of another key"] = ("signature", (key, parts) => Header("jwk", new TestProof().Jwk)(key, parts)),
        ["jwk symmetric"] = ("symmetric", Header("jwk", new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" })),
        ["jwk with d"] = ("private", Jwk("d", "AAAA")),
        ["jwk with p"] = ("private", Jwk("p", "AAAA")),
        ["jwk with q"] = ("private", Jwk("q", "AAAA")),
        ["jwk with dp"] = ("private", Jwk("dp", "AAAA")),
        ["jwk with dq"] = ("private", Jwk("dq", "AAAA")),
        ["jwk with qi"] = ("private", Jwk("qi", "AAAA")),
        ["jwk with oth"] = ("private", Jwk("oth", new JsonArray())),
        ["jwk with k"] = ("symmetric", Jwk("k", "AAAA")),
        ["no signature"] = ("signature", Unsigned("ES256")),
        ["changed after it was signed"] = ("signature", ChangedAfterwards),
        ["RSA key too short"] = ("2048", ShortKey),
        ["htm missing"] = ("htm", Claim("htm", null)),
        ["htm of another method"] = ("htm", Claim("htm", "GET")),
        ["htm in lower case"] = ("htm", (key, parts) => Claim("htm", Text(parts, "htm").ToLowerInvariant())(key, parts)),
        ["htu missing"] = ("htu", Claim("htu", null)),
        ["htu not a URL"] = ("htu", Claim("htu", "orders")),
        ["htu of another host"] = ("htu", Address(address => address.Replace(".com", ".org", StringComparison.Ordinal))),
        ["htu of another port"] = ("htu", Address(address => address.Replace(".com", ".com:8443", StringComparison.Ordinal))),
        ["htu of another scheme"] = ("htu", Address(address => address.Replace("https", "http", StringComparison.Ordinal))),
        ["htu of another path"] = ("htu", Address(address => address + "/")),
        ["htu with a query"] = ("htu", Address(address => address + "?query=1")),
        ["htu with a fragment"] = ("htu", Address(address => address + "#top")),
        ["htu with user info"] = ("htu", Address(address => address.Replace("://", "://shop@", StringComparison.Ordinal))),
        ["iat missing"] = ("iat", Claim("iat", null)),
        ["iat a text"] = ("iat", Claim("iat", "now")),
        ["iat a number in quotation marks"] = ("iat", (key, parts) => Claim("iat", parts.Claims["iat"]!.ToJsonString())(key, parts)),
        ["iat 61 seconds ago"] = ("iat", IssuedAt(-61)),
        ["iat in 61 seconds"] = ("iat", IssuedAt(61)),
        ["jti missing"] = ("jti", Claim("jti", null)),
        ["jti empty"] = ("jti", Claim("jti", "")),
        ["jti a number"] = ("jti", Claim("jti", 5)),
        ["htm a list"] = ("htm", Claim("htm", new JsonArray("PUT", "POST"))),
    };

    private static readonly Dictionary<string, (string Reason, Maker Make)> ForApi = new(StringComparer.Ordinal)
    {
        ["htu with the path unescaped"] = ("htu", Address(address => address.Replace("%2F", "/", StringComparison.Ordinal))),
        ["htu with a space"] = ("htu", Address(address => address.Replace("%20", " ", StringComparison.Ordinal))),
        ["ath missing"] = ("ath", Claim("ath", null)),
        ["ath of another token"] = ("ath", Claim("ath", "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo")),
    };

    public static IEnumerable<string> Names => Table.Keys;

    public static IEnumerable<string> NamesForApi => Table.Keys.Concat(ForApi.Keys);

    public static (string Reason, Func<ProofParts, string?[]> Make) Get(string name, TestProof key)
    {
        (string reason, Maker make) = Table.TryGetValue(name, out (string Reason, Maker Make) found) ? found : ForApi[name];
        return (reason, parts => make(key, parts));
    }

    private static Maker Header(string name, JsonNode? value) => (key, parts) =>
    {
        Set(parts.Header, name, value);
        return [key.Create(parts)];
    };

    private static Maker Jwk(string name, JsonNode? value) => (key, parts) =>
    {
        Set(parts.Header["jwk"]!.AsObject(), name, value);
        return [key.Create(parts)];
    };

    private static Maker Claim(string name, JsonNode? value) => (key, parts) =>
    {
        Set(parts.Claims, name, value);
        return [key.Create(parts)];
    };

    private static Maker Address(Func<string, string> change) =>
        (key, parts) => Claim("htu", change(Text(parts, "htu")))(key, parts);

    private static Maker IssuedAt(int seconds) =>
        (key, parts) => Claim("iat", parts.Claims["iat"]!.GetValue<long>() + seconds)(key, parts);

    private static Maker Unsigned(string algorithm) => (_, parts) =>
    {
        Set(parts.Header, "alg", algorithm);
        return [$"{TestProof.Encode(parts.Header.ToJsonString())}.{TestProof.Encode(parts.Claims.ToJsonString())}."];
    };

    private static string?[] ChangedAfterwards(TestProof key, ProofParts parts)
    {
        string[] signed = key.Create(parts).Split('.');
        parts.Claims["jti"] = Guid.NewGuid().ToString();
        return [$"{signed[0]}.{TestProof.Encode(parts.Claims.ToJsonString())}.{signed[2]}"];
    }

    private static string?[] ShortKey(TestProof key, ProofParts parts)
    {
        TestProof rsa = new("PS256", rsaKeySize: 1024);
        Set(parts.Header, "alg", "PS256");
        Set(parts.Header, "jwk", rsa.Jwk);
        return [rsa.Create(parts)];
    }

    private static string Text(ProofParts parts, string claim) => parts.Claims[claim]!.GetValue<string>();

    // A node has one parent, and the table is used more than once.
    private static void Set(JsonObject target, string name, JsonNode? value)
    {
        target.Remove(name);
        if (value is not null)
        {
            target[name] = value.DeepClone();
        }
    }
}
