using System.Text.Json;
using System.Text.Unicode;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>A metadata document of the configured issuer (RFC 8414 section 2), shared by all of its clients. Does no I/O.</summary>
internal sealed class MetadataDocument
{
    private const int MaxDepth = 16;

    private readonly JsonElement _root;
    private readonly Uri _issuer;

    private MetadataDocument(JsonElement root, string issuer)
    {
        _root = root;
        _issuer = new(issuer);
    }

    /// <summary>Parses the body of a response. Returns null if it is not a metadata document, for instance an HTML page.</summary>
    /// <exception cref="FormatException">The metadata document cannot be used. The message says why and what to change.</exception>
    public static MetadataDocument? Parse(ReadOnlyMemory<byte> body, string issuer)
    {
        if (ReadObject(body) is not { } root)
        {
            return null;
        }

        try
        {
            if (!root.TryGetProperty("issuer", out _))
            {
                return null;
            }

            CheckMembers(root);
            CheckIssuer(ReadString(root, "issuer"), issuer);
            return new(root, issuer);
        }
        catch (InvalidOperationException)
        {
            throw InvalidText();
        }
    }

    /// <summary>Reads the members that a client uses.</summary>
    /// <exception cref="FormatException">The client may not use the token endpoint. The message says why.</exception>
    public ServerMetadata Read(PlainHttp plainHttp, IList<string> allowedHosts)
    {
        EndpointCheck check = new(_issuer, plainHttp, allowedHosts);
        try
        {
            const string TokenOption = nameof(ClientCredentialsOptions.TokenEndpoint);
            OptionalEndpoint mtlsEndpoint = ReadAlias(check, "token_endpoint", TokenOption);
            const string RevocationOption = nameof(ClientCredentialsOptions.RevocationEndpoint);
            return new()
            {
                TokenEndpoint = check.Require("token_endpoint", ReadString(_root, "token_endpoint"), TokenOption),
                MtlsTokenEndpoint = mtlsEndpoint.Address,
                MtlsProblem = mtlsEndpoint.Problem,
                Revocation = ReadOptional(check, "revocation_endpoint", ReadString(_root, "revocation_endpoint"), RevocationOption),
                MtlsRevocation = ReadAlias(check, "revocation_endpoint", RevocationOption),
                AuthenticationMethods = ReadStrings("token_endpoint_auth_methods_supported"),
                SigningAlgorithms = ReadStrings("token_endpoint_auth_signing_alg_values_supported"),
            };
        }
        catch (InvalidOperationException)
        {
            throw InvalidText();
        }
    }

    private static JsonElement? ReadObject(ReadOnlyMemory<byte> body)
    {
        if (body.Span.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
        }

        if (!Utf8.IsValid(body.Span))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // If a member appears twice, an attacker may have added one of the two.
    private static void CheckMembers(JsonElement root)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        if (!root.EnumerateObject().All(member => seen.Add(member.Name)))
        {
            throw new FormatException("it has a duplicate member");
        }
    }

    // A mix-up attack starts with the document of another issuer.
    private static void CheckIssuer(string? named, string issuer)
    {
        if (named == issuer)
        {
            return;
        }

        string found = "no issuer";
        if (ServerText.Clean(named, []) is { } text)
        {
            found = $"the issuer '{text}'";
        }

        string remedy = "Set Authority to the issuer";
        if (named?.Contains('{', StringComparison.Ordinal) == true)
        {
            // Entra's common and organizations. There is no issuer without a tenant.
            remedy = "The braces stand for a tenant: name the tenant in Authority";
        }

        throw new FormatException($"it names {found}, but Authority is '{issuer}'. {remedy}");
    }

    private OptionalEndpoint ReadAlias(EndpointCheck check, string name, string option)
    {
        if (!_root.TryGetProperty("mtls_endpoint_aliases", out JsonElement aliases) || aliases.ValueKind != JsonValueKind.Object)
        {
            return default;
        }

        return ReadOptional(check, $"mtls_endpoint_aliases.{name}", ReadString(aliases, name), option);
    }

    private static OptionalEndpoint ReadOptional(EndpointCheck check, string member, string? address, string option)
    {
        if (address is null)
        {
            return default;
        }

        try
        {
            return new(check.Require(member, address, option), null);
        }
        catch (FormatException exception)
        {
            return new(null, exception.Message);
        }
    }

    private static string? ReadString(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out JsonElement member) || member.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        return member.GetString();
    }

    private List<string>? ReadStrings(string name)
    {
        if (!_root.TryGetProperty(name, out JsonElement member) || member.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        return [.. member.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
    }

    // An escaped lone surrogate is valid JSON but not valid text.
    private static FormatException InvalidText() => new("it has a string that is not valid text");
}
