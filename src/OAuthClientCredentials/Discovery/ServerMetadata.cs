using System.Text.Json;
using System.Text.Unicode;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Discovery;

/// <summary>What is used of an authorization server's metadata (RFC 8414 section 2), after every check. No I/O.</summary>
internal sealed class ServerMetadata
{
    public required Uri TokenEndpoint { get; init; }

    /// <summary>Where clients that show a certificate request tokens (RFC 8705 section 5), if that is another place.</summary>
    public required Uri? MtlsTokenEndpoint { get; init; }

    /// <summary>Why that place cannot be used. It concerns only those who would .</summary>
    public required string? MtlsProblem { get; init; }

    public required IReadOnlyList<string>? AuthenticationMethods { get; init; }

    public required IReadOnlyList<string>? SigningAlgorithms { get; init; }

    /// <exception cref="FormatException">The document cannot be used; the message says why and what to change.</exception>
    public static ServerMetadata Parse(ReadOnlyMemory<byte> body, string issuer, bool allowInsecureHttp, IList<string> allowedHosts)
    {
        using JsonDocument document = ParseDocument(body);
        try
        {
            return Read(document.RootElement, issuer, allowInsecureHttp, allowedHosts);
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate is valid JSON, and no text.
            throw new FormatException("it has a string that is no valid text");
        }
    }

    private static ServerMetadata Read(JsonElement root, string issuer, bool allowInsecureHttp, IList<string> allowedHosts)
    {
        // which of the two is meant is the attacker's choice.
        HashSet<string> seen = new(StringComparer.Ordinal);
        if (!root.EnumerateObject().All(member => seen.Add(member.Name)))
        {
            throw new FormatException("it has a member twice");
        }

        // a document for another issuer is how a mix-up attack begins.
        if (ReadString(root, "issuer") != issuer)
        {
            throw new FormatException($"its issuer is not exactly the configured Authority. Set Authority to the issuer as the server spells it, the last slash included");
        }

        (Uri? alias, string? problem) = ReadAlias(root) is { } address ? TryAlias(address, new Uri(issuer), allowInsecureHttp, allowedHosts) : (null, null);
        return new()
        {
            TokenEndpoint = CheckEndpoint("token_endpoint", ReadString(root, "token_endpoint"), new Uri(issuer), allowInsecureHttp, allowedHosts),
            MtlsTokenEndpoint = alias,
            MtlsProblem = problem,
            AuthenticationMethods = ReadStrings(root, "token_endpoint_auth_methods_supported"),
            SigningAlgorithms = ReadStrings(root, "token_endpoint_auth_signing_alg_values_supported"),
        };
    }

    private static JsonDocument ParseDocument(ReadOnlyMemory<byte> body)
    {
        body = body.Span.StartsWith("\uFEFF"u8) ? body[3..] : body;
        try
        {
            JsonDocument document = Utf8.IsValid(body.Span) ? JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 }) : throw new FormatException("it is not valid UTF-8");
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new FormatException("it is no JSON object");
        }
        catch (JsonException)
        {
            throw new FormatException("it is no JSON object");
        }
    }

    private static (Uri? Endpoint, string? Problem) TryAlias(string address, Uri issuer, bool allowInsecureHttp, IList<string> allowedHosts)
    {
        try
        {
            return (CheckEndpoint("mtls_endpoint_aliases.token_endpoint", address, issuer, allowInsecureHttp, allowedHosts), null);
        }
        catch (FormatException exception)
        {
            return (null, exception.Message);
        }
    }

    //
    private static Uri CheckEndpoint(string member, string? address, Uri issuer, bool allowInsecureHttp, IList<string> allowedHosts)
    {
        string? problem = string.IsNullOrEmpty(address) ? "is missing. Set TokenEndpoint instead of discovery" : EndpointRules.Check(address, allowInsecureHttp);
        if (problem is not null)
        {
            throw new FormatException($"its {member} {problem}");
        }

        Uri endpoint = new(address!);
        bool isIssuersHost = endpoint.IdnHost.Equals(issuer.IdnHost, StringComparison.OrdinalIgnoreCase)
            || (issuer.HostNameType == UriHostNameType.Dns && endpoint.IdnHost.EndsWith("." + issuer.IdnHost, StringComparison.OrdinalIgnoreCase));
        if (!isIssuersHost && !allowedHosts.Contains(endpoint.IdnHost, StringComparer.OrdinalIgnoreCase))
        {
            throw new FormatException($"its {member} is on another host than the issuer. If '{endpoint.IdnHost}' is right, add it to AllowedEndpointHosts");
        }

        return EndpointRules.IsPrivate(endpoint) && !EndpointRules.IsPrivate(issuer)
            ? throw new FormatException($"its {member} is a private address, and the issuer is not. Set TokenEndpoint if it is right")
            : endpoint;
    }

    private static string? ReadAlias(JsonElement root) =>
        root.TryGetProperty("mtls_endpoint_aliases", out JsonElement aliases) && aliases.ValueKind == JsonValueKind.Object ? ReadString(aliases, "token_endpoint") : null;

    private static string? ReadString(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;

    private static List<string>? ReadStrings(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.Array
            ? [.. member.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : null;
}
