using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Clients;

/// <summary>The rules of how a client proves itself: one method, and exactly what it needs .</summary>
internal static class CredentialRules
{
    public static IEnumerable<(string Option, string Problem)> Check(ClientContext client, ClientCredentialsOptions options)
    {
        if (IsUnknown(options.AuthenticationMethod) && options.Authentication is null)
        {
            string methods = string.Join(", ", AuthenticationMethods.All);
            return [(nameof(options.AuthenticationMethod), $"is not one of {methods}. For another method call UseAuthentication")];
        }

        if (AuthenticationMethods.Of(options) is not { } method)
        {
            const string Problem = "more than one credential is configured (a secret, a certificate, a key, an assertion)";
            return [(nameof(options.AuthenticationMethod), $"is missing: {Problem}. Set it to the method that is meant")];
        }

        return CheckCertificate(options).Concat(CheckAuthentication(client, options, method));
    }

    private static IEnumerable<(string Option, string Problem)> CheckAuthentication(
        ClientContext client,
        ClientCredentialsOptions options,
        string method)
    {
        if (AuthenticationMethods.FromCode(options) is { } authentication)
        {
            return authentication.Validate(client).Select(problem => (problem.Key, problem.Value));
        }

        return CheckMethod(options, method);
    }

    private static bool IsUnknown(string? method) =>
        !string.IsNullOrEmpty(method) && !AuthenticationMethods.All.Contains(method, StringComparer.Ordinal);

    private static IEnumerable<(string Option, string Problem)> CheckMethod(ClientCredentialsOptions options, string method)
    {
        if (AuthenticationMethods.NotInCore(options) is not null)
        {
            // The core has no JWT library.
            const string Remedy = "call AddJwtAuthentication() after AddClientCredentials(), or UseJwtAuthentication() on these options";
            string problem = $"is {method}, which needs the package OAuthClientCredentials.Jwt. Install it and {Remedy}";
            return [(nameof(options.AuthenticationMethod), problem)];
        }

        bool hasAssertion = ClientAssertion.IsConfigured(options);
        if (method == ClientAssertion.Name && !hasAssertion && !AuthenticationMethods.CanSign(options))
        {
            const string Remedy = "Set PrivateKey or PrivateKeyFile, or a certificate to sign with, or ClientAssertionFile if somebody else signs";
            return [(nameof(options.PrivateKey), $"is missing: {method} needs a key. {Remedy}")];
        }

        if (AuthenticationMethods.IsByTls(method) && !ClientCertificate.IsConfigured(options))
        {
            const string Remedy = "Set CertificateFile or CertificateThumbprint, or call UseCertificate";
            return [(nameof(options.CertificateFile), $"is missing: {method} needs a certificate. {Remedy}")];
        }

        bool isBySecret = AuthenticationMethods.IsBySecret(method);
        (string Option, bool IsUnused)[] others =
        [
            (nameof(options.ClientSecret), !isBySecret && AuthenticationMethods.HasSecret(options)),
            (nameof(options.PrivateKey), AuthenticationMethods.HasKey(options)),
            (nameof(options.ClientAssertionFile), method != ClientAssertion.Name && hasAssertion),
        ];

        // A credential that is set and not used is a mistake in one of the two.
        IEnumerable<(string, string)> unused = others.Where(other => other.IsUnused)
            .Select(other => (nameof(options.AuthenticationMethod), $"is {method}, but {other.Option} is set. Remove one of the two"));
        return isBySecret ? CheckSecret(options).Concat(unused) : unused;
    }

    private static IEnumerable<(string Option, string Problem)> CheckSecret(ClientCredentialsOptions options)
    {
        bool hasSecret = !string.IsNullOrEmpty(options.ClientSecret);
        bool hasFile = !string.IsNullOrEmpty(options.ClientSecretFile);
        if (!hasSecret && !hasFile)
        {
            yield return (nameof(options.ClientSecret), "is missing. Set it from a secret store, or set ClientSecretFile");
        }

        if (hasSecret && hasFile)
        {
            yield return (nameof(options.ClientSecretFile), "is set beside ClientSecret. Remove one of the two");
        }

        if (hasSecret && options.ClientSecret.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            const string Remedy = "Remove it; only a ClientSecretFile may end in a line break";
            yield return (nameof(options.ClientSecret), $"contains a line break or a NUL character. {Remedy}");
        }

        if (options.BasicEncoding == BasicEncoding.Raw && options.ClientId?.Contains(':', StringComparison.Ordinal) == true)
        {
            const string Remedy = "Use Rfc6749 or client_secret_post";
            yield return (nameof(options.BasicEncoding), $"is Raw, which cannot carry a ClientId with a colon. {Remedy}");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckCertificate(ClientCredentialsOptions options)
    {
        bool hasFile = !string.IsNullOrEmpty(options.CertificateFile);
        bool hasThumbprint = !string.IsNullOrEmpty(options.CertificateThumbprint);
        bool[] sources = [hasFile, hasThumbprint, options.Certificate is not null];
        if (sources.Count(isSet => isSet) > 1)
        {
            const string Remedy = "Keep one of CertificateFile, CertificateThumbprint and UseCertificate";
            yield return (nameof(options.CertificateThumbprint), $"is one of several sources of the certificate. {Remedy}");
        }

        if (!string.IsNullOrEmpty(options.CertificateKeyFile) && !hasFile)
        {
            yield return (nameof(options.CertificateKeyFile), "needs CertificateFile, whose key it holds");
        }

        if (!string.IsNullOrEmpty(options.CertificateStore) && ClientCertificate.StoreOf(options.CertificateStore) is null)
        {
            yield return (nameof(options.CertificateStore), "must be a location and a name, such as CurrentUser/My or LocalMachine/My");
        }

        if (hasThumbprint && !(options.CertificateThumbprint!.Length == 40 && options.CertificateThumbprint.All(char.IsAsciiHexDigit)))
        {
            yield return (nameof(options.CertificateThumbprint), "must be 40 hexadecimal digits");
        }

        if (options.CertificateBoundTokens && !sources.Contains(true))
        {
            const string Remedy = "Set CertificateFile or CertificateThumbprint, or call UseCertificate";
            yield return (nameof(options.CertificateBoundTokens), $"needs a certificate. {Remedy}");
        }
    }
}
