using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Clients;

/// <summary>The identity of a token: a hash of everything that shapes it, and of no secret .</summary>
internal static class TokenIdentity
{
    // A change of the fields or of their encoding must not find tokens of an older version in a shared store.
    private const string Version = "1";

    /// <summary>Computes the identity of the token that a request gets.</summary>
    /// <param name="clientName">The client.</param>
    /// <param name="options">The client's options.</param>
    /// <param name="resolved">The request, with the client's options filled in.</param>
    /// <param name="certificateThumbprint">The certificate that the token is bound to, where its content counts too.</param>
    public static string Compute(
        string clientName,
        ClientCredentialsOptions options,
        TokenRequest resolved,
        string? certificateThumbprint = null)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Version);
        Append(hash, clientName);
        Append(hash, "client_credentials");
        Append(hash, certificateThumbprint);
        bool isByMutualTls = AuthenticationMethods.UsesMutualTls(options);
        foreach (ClientOption option in OptionTable.All.Where(option => option.ShapesToken(isByMutualTls)))
        {
            object? value = option.OfRequest is { } ofRequest ? ofRequest(resolved) : option.Value(options);
            Append(hash, option.Name);
            AppendValue(hash, value);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void AppendValue(IncrementalHash hash, object? value)
    {
        switch (value)
        {
            case IReadOnlyDictionary<string, string> parameters:
                string[] ordered = [.. parameters.OrderBy(entry => entry.Key, StringComparer.Ordinal).SelectMany(NameAndValue)];
                AppendList(hash, ordered);
                break;
            case IReadOnlyList<string> list:
                AppendList(hash, list);
                break;
            default:
                Append(hash, value?.ToString());
                break;
        }
    }

    private static string[] NameAndValue(KeyValuePair<string, string> parameter) => [parameter.Key, parameter.Value];

    private static void AppendList(IncrementalHash hash, IReadOnlyList<string> values)
    {
        AppendLength(hash, values.Count);
        foreach (string value in values)
        {
            Append(hash, value);
        }
    }

    // Each field has its length before it, so that no delimiter can be forged inside a value.
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
