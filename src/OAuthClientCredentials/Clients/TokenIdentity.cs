using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OAuthClientCredentials.Clients;

/// <summary>The identity of a token: a hash of everything that shapes it, and of no secret .</summary>
internal static class TokenIdentity
{
    // A change of the fields or of their encoding must not find tokens of an older version in a shared store.
    private const string Version = "1";

    public static string Compute(ClientSettings settings, TokenRequest resolved, string? binding = null)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ClientCredentialsOptions options = settings.Options;
        Append(hash, Version);
        Append(hash, settings.Name.Value);
        Append(hash, options.Authority);
        Append(hash, options.MetadataAddress);
        Append(hash, options.TokenEndpoint);
        Append(hash, "client_credentials");
        Append(hash, options.ClientId);
        Append(hash, settings.Authentication.Method);
        Append(hash, CertificateOf(settings));
        Append(hash, binding);
        Append(hash, resolved.Audience);
        Append(hash, resolved.AuthorizationDetails);
        Append(hash, resolved.Scopes ?? []);
        Append(hash, resolved.Resources ?? []);
        Append(hash, [.. resolved.ParameterList.SelectMany(parameter => new[] { parameter.Key, parameter.Value })]);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    // A token that was got over mutual TLS may be bound to the certificate.
    private static string[] CertificateOf(ClientSettings settings)
    {
        if (!settings.UsesMutualTls)
        {
            return [];
        }

        ClientCredentialsOptions options = settings.Options;
        string isBound = options.CertificateBoundTokens ? "bound" : "";
        return [isBound, options.CertificateFile ?? "", options.CertificateThumbprint ?? "", options.CertificateStore ?? ""];
    }

    private static void Append(IncrementalHash hash, IReadOnlyList<string> values)
    {
        AppendLength(hash, values.Count);
        foreach (string value in values)
        {
            Append(hash, value);
        }
    }

    // lengths before the fields; no delimiter can then be forged inside one.
    private static void Append(IncrementalHash hash, string? value)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(value.AsSpan());
        AppendLength(hash, value is null ? -1 : bytes.Length);
        hash.AppendData(bytes);
    }

    private static void AppendLength(IncrementalHash hash, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        hash.AppendData(bytes);
    }
}
