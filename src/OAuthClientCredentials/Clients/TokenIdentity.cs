using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Clients;

/// <summary>The identity of a token: a hash of all options that shape it, without secrets .</summary>
internal static class TokenIdentity
{
    // Increment it when the fields or their encoding change, so that a shared cache does not return tokens of an older version.
    private const string Version = "1";

    /// <summary>Computes the identity of the token of a request.</summary>
    /// <param name="clientName">The registered name of the client.</param>
    /// <param name="options">The client's options.</param>
    /// <param name="resolved">The request, with the client's options filled in.</param>
    /// <param name="bindingThumbprint">The thumbprint that the token is bound to, if it is part of the identity.</param>
    /// <returns>The SHA-256 hash in hexadecimal.</returns>
    public static string Compute(
        string clientName,
        ClientCredentialsOptions options,
        TokenRequest resolved,
        string? bindingThumbprint = null)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Version);
        Append(hash, clientName);
        Append(hash, "client_credentials");
        Append(hash, bindingThumbprint);
        bool isByMutualTls = AuthenticationMethods.UsesMutualTls(options);
        foreach (ClientOption option in OptionTable.All.Where(option => option.ShapesToken(isByMutualTls)))
        {
            Append(hash, option.Name);
            AppendValue(hash, option.ValueIn(options, resolved));
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

    // Each field starts with its length, so that no value can imitate a delimiter. Null has the length -1.
    private static void Append(IncrementalHash hash, string? value)
    {
        if (value is null)
        {
            AppendLength(hash, -1);
            return;
        }

        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(value.AsSpan());
        AppendLength(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void AppendLength(IncrementalHash hash, int length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        hash.AppendData(bytes);
    }
}
