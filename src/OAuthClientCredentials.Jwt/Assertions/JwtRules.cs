using OAuthClientCredentials.Jwt.Keys;

namespace OAuthClientCredentials.Jwt.Assertions;

/// <summary>What a client that signs its assertions needs (R-140, R-143).</summary>
internal static class JwtRules
{
    public static IEnumerable<(string Option, string Problem)> Check(ClientCredentialsOptions options, bool isByOwnSigner, bool isBySecret, KeySource key)
    {
        if (string.IsNullOrEmpty(options.Authority) && string.IsNullOrEmpty(options.AssertionAudience))
        {
            yield return (nameof(options.Authority), "is missing: the issuer is the aud of assertions (RFC 10070). Set it, or set AssertionAudience to the fixed value that the server wants");
        }

        foreach ((string, string) problem in isBySecret ? CheckSecret(options) : isByOwnSigner ? CheckSigner(options) : CheckKey(options, key))
        {
            yield return problem;
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckSecret(ClientCredentialsOptions options)
    {
        bool hasSecret = !string.IsNullOrEmpty(options.ClientSecret);
        bool hasFile = !string.IsNullOrEmpty(options.ClientSecretFile);
        if (hasSecret == hasFile)
        {
            yield return (nameof(options.ClientSecret), hasSecret ? "is set beside ClientSecretFile. Remove one of the two" : "is missing. Set it from a secret store, or set ClientSecretFile");
        }

        if (HasKey(options))
        {
            yield return (nameof(options.AuthenticationMethod), "is client_secret_jwt, but a key is set. Remove one of the two");
        }

        if (CheckAlgorithm(options, Algorithms.OfSecrets) is { } problem)
        {
            yield return problem;
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckSigner(ClientCredentialsOptions options)
    {
        if (HasKey(options))
        {
            yield return (nameof(options.PrivateKey), "is set beside a signer (UsePrivateKeyJwt). Remove one of the two");
        }

        if (HasSecret(options))
        {
            yield return (nameof(options.ClientSecret), "is set beside a signer (UsePrivateKeyJwt). Remove one of the two");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckKey(ClientCredentialsOptions options, KeySource key)
    {
        if (HasSecret(options))
        {
            yield return (nameof(options.ClientSecret), "is set, but AuthenticationMethod is private_key_jwt. Remove one of the two");
        }

        if (!string.IsNullOrEmpty(options.PrivateKey) && !string.IsNullOrEmpty(options.PrivateKeyFile))
        {
            yield return (nameof(options.PrivateKeyFile), "is set beside PrivateKey. Remove one of the two");
        }

        if (CheckAlgorithm(options, Algorithms.OfKeys) is { } problem)
        {
            yield return problem;
        }
        else if (key.CheckAtStart() is { } unusable)
        {
            yield return unusable;
        }
    }

    private static bool HasKey(ClientCredentialsOptions options) => !string.IsNullOrEmpty(options.PrivateKey) || !string.IsNullOrEmpty(options.PrivateKeyFile);

    private static bool HasSecret(ClientCredentialsOptions options) => !string.IsNullOrEmpty(options.ClientSecret) || !string.IsNullOrEmpty(options.ClientSecretFile);

    private static (string, string)? CheckAlgorithm(ClientCredentialsOptions options, string[] allowed) =>
        string.IsNullOrEmpty(options.KeyAlgorithm) || allowed.Contains(options.KeyAlgorithm, StringComparer.Ordinal) ? null
        : (nameof(options.KeyAlgorithm), $"must be one of {string.Join(", ", allowed)}");
}
