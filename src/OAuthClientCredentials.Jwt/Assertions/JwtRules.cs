using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>Validates the options of a client that signs its assertions (R-140, R-143).</summary>
internal static class JwtRules
{
    private const string RemoveOne = "Remove one of the two";

    public static IEnumerable<(string Option, string Problem)> Check(
        ClientCredentialsOptions options,
        bool hasSigner,
        bool isBySecret,
        KeySource key) =>
        CheckAudience(options)
            .Concat(CheckCertificateHeader(options, isByCertificate: !hasSigner && !isBySecret && !HasKey(options)))
            .Concat(CheckCredential(options, hasSigner, isBySecret, key));

    private static IEnumerable<(string Option, string Problem)> CheckAudience(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.Authority) && string.IsNullOrEmpty(options.AssertionAudience))
        {
            const string Remedy = "Set it, or set AssertionAudience to the value that the server expects";
            yield return (nameof(options.Authority), $"is missing: the issuer is the aud of assertions (RFC 10070). {Remedy}");
        }
        else if (string.IsNullOrEmpty(options.AssertionAudience) && IsLogical(options.Authority!) && !options.RequireFapi2)
        {
            const string Problem = "is missing, because Authority is a logical address and not the issuer. Set it to the server's issuer";
            yield return (nameof(options.AssertionAudience), Problem);
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckCertificateHeader(
        ClientCredentialsOptions options,
        bool isByCertificate)
    {
        string? header = options.AssertionCertificateHeader;
        if (string.IsNullOrEmpty(header))
        {
            yield break;
        }

        if (!IsAllowed(header, CertificateHeader.All))
        {
            yield return (nameof(options.AssertionCertificateHeader), MustBeOneOf(CertificateHeader.All));
        }
        else if (!isByCertificate)
        {
            const string Problem = "needs a certificate that signs. Set CertificateFile instead of the key, or remove this option";
            yield return (nameof(options.AssertionCertificateHeader), Problem);
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckCredential(
        ClientCredentialsOptions options,
        bool hasSigner,
        bool isBySecret,
        KeySource key)
    {
        if (isBySecret)
        {
            return CheckSecret(options);
        }

        if (hasSigner)
        {
            return CheckSigner(options);
        }

        return CheckKey(options, key);
    }

    private static IEnumerable<(string Option, string Problem)> CheckSecret(ClientCredentialsOptions options)
    {
        if (!HasSecret(options))
        {
            yield return (nameof(options.ClientSecret), "is missing. Set it from a secret store, or set ClientSecretFile");
        }

        if (!string.IsNullOrEmpty(options.ClientSecret) && !string.IsNullOrEmpty(options.ClientSecretFile))
        {
            yield return (nameof(options.ClientSecret), $"cannot be combined with ClientSecretFile. {RemoveOne}");
        }

        if (HasKey(options))
        {
            yield return (nameof(options.AuthenticationMethod), $"is client_secret_jwt, but a private key is set. {RemoveOne}");
        }

        if (!IsAllowed(options.KeyAlgorithm, Algorithms.Symmetric))
        {
            yield return (nameof(options.KeyAlgorithm), MustBeOneOf(Algorithms.Symmetric));
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckSigner(ClientCredentialsOptions options)
    {
        string problem = $"cannot be combined with a signer (UsePrivateKeyJwt). {RemoveOne}";
        if (HasKey(options))
        {
            yield return (nameof(options.PrivateKey), problem);
        }

        if (HasSecret(options))
        {
            yield return (nameof(options.ClientSecret), problem);
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckKey(ClientCredentialsOptions options, KeySource key)
    {
        if (HasSecret(options))
        {
            yield return (nameof(options.ClientSecret), $"is set, but AuthenticationMethod is private_key_jwt. {RemoveOne}");
        }

        if (!string.IsNullOrEmpty(options.PrivateKey) && !string.IsNullOrEmpty(options.PrivateKeyFile))
        {
            yield return (nameof(options.PrivateKeyFile), $"cannot be combined with PrivateKey. {RemoveOne}");
        }

        // The algorithm of the key is the configured one, so the key is checked only when that is valid.
        string[] allowed = options.RequireFapi2 ? Algorithms.Fapi2 : Algorithms.Asymmetric;
        if (!IsAllowed(options.KeyAlgorithm, allowed))
        {
            yield return (nameof(options.KeyAlgorithm), MustBeOneOf(allowed));
        }
        else if (key.CheckAtStart() is { } unusable)
        {
            yield return unusable;
        }
    }

    // Service discovery resolves it when a request is sent.
    private static bool IsLogical(string authority) =>
        authority.StartsWith("https+http://", StringComparison.OrdinalIgnoreCase)
        || authority.StartsWith("http+https://", StringComparison.OrdinalIgnoreCase);

    private static bool HasKey(ClientCredentialsOptions options) =>
        !string.IsNullOrEmpty(options.PrivateKey) || !string.IsNullOrEmpty(options.PrivateKeyFile);

    private static bool HasSecret(ClientCredentialsOptions options) =>
        !string.IsNullOrEmpty(options.ClientSecret) || !string.IsNullOrEmpty(options.ClientSecretFile);

    private static bool IsAllowed(string? value, string[] allowed) =>
        string.IsNullOrEmpty(value) || allowed.Contains(value, StringComparer.Ordinal);

    private static string MustBeOneOf(string[] values) => $"must be one of {string.Join(", ", values)}";
}
