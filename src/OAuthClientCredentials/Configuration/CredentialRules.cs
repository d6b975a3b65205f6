using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Configuration;

/// <summary>The rules of how a client proves itself: one method, and exactly what it needs (R-023, R-028, R-030).</summary>
internal static class CredentialRules
{
    public static IEnumerable<(string Option, string Problem)> Check(ClientCredentialsOptions options)
    {
        if (options.AuthenticationMethod is { Length: > 0 } named && !AuthenticationMethods.All.Contains(named, StringComparer.Ordinal) && options.Authentication is null)
        {
            return [(nameof(options.AuthenticationMethod), $"is none of {string.Join(", ", AuthenticationMethods.All)}. For another method call UseAuthentication")];
        }

        if (AuthenticationMethods.Of(options) is not { } method)
        {
            return [(nameof(options.AuthenticationMethod), "is missing: more than one credential is configured (a secret, a certificate, a key, an assertion). Set it to the method that is meant")];
        }

        return [.. CheckCertificate(options), .. options.Authentication is { } authentication
            ? authentication.Validate(options).Select(problem => (problem.Key, problem.Value))
            : CheckMethod(options, method)];
    }

    private static IEnumerable<(string Option, string Problem)> CheckMethod(ClientCredentialsOptions options, string method)
    {
        if (AuthenticationMethods.Unserved(options) is not null)
        {
            // R-224: the core knows no JWT library.
            return [(nameof(options.AuthenticationMethod), $"is {method}, which needs the package OAuthClientCredentials.Jwt. Install it and call AddJwtAuthentication() after AddClientCredentials(), or UseJwtAuthentication() on these options")];
        }

        if (method == ClientAssertion.Name && !ClientAssertion.IsConfigured(options) && !AuthenticationMethods.CanSign(options))
        {
            return [(nameof(options.Key), $"is missing: {method} needs a key. Set Key or KeyFile, or a certificate to sign with, or ClientAssertionFile if somebody else signs")];
        }

        if (AuthenticationMethods.IsByTls(method) && !ClientCertificate.IsConfigured(options))
        {
            return [(nameof(options.CertificateFile), $"is missing: {method} needs a certificate. Set CertificateFile or CertificateThumbprint, or call UseCertificate")];
        }

        return AuthenticationMethods.IsBySecret(method)
            ? CheckSecret(options).Concat(Unused(options, method, AuthenticationMethods.HasKey(options), nameof(options.Key))).Concat(Unused(options, method, ClientAssertion.IsConfigured(options), nameof(options.ClientAssertionFile)))
            : Unused(options, method, AuthenticationMethods.HasSecret(options), nameof(options.ClientSecret)).Concat(Unused(options, method, AuthenticationMethods.HasKey(options), nameof(options.Key)))
                .Concat(Unused(options, method, method != ClientAssertion.Name && ClientAssertion.IsConfigured(options), nameof(options.ClientAssertionFile)));
    }

    // R-023: a credential that is set and not used is a mistake in one of the two.
    private static IEnumerable<(string Option, string Problem)> Unused(ClientCredentialsOptions options, string method, bool isSet, string option) =>
        isSet ? [(nameof(options.AuthenticationMethod), $"is {method}, but {option} is set. Remove one of the two")] : [];

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
            yield return (nameof(options.ClientSecret), "has a line break or a NUL in it. Remove it; only a ClientSecretFile may end in a line break");
        }

        if (options.BasicEncoding == BasicEncoding.Raw && options.ClientId?.Contains(':', StringComparison.Ordinal) == true)
        {
            yield return (nameof(options.BasicEncoding), "is Raw, which cannot carry a ClientId with a colon. Use Rfc6749 or client_secret_post");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckCertificate(ClientCredentialsOptions options)
    {
        int sources = (string.IsNullOrEmpty(options.CertificateFile) ? 0 : 1) + (string.IsNullOrEmpty(options.CertificateThumbprint) ? 0 : 1) + (options.Certificate is null ? 0 : 1);
        if (sources > 1)
        {
            yield return (nameof(options.CertificateThumbprint), "is one of several sources of the certificate. Keep one of CertificateFile, CertificateThumbprint and UseCertificate");
        }

        if (!string.IsNullOrEmpty(options.CertificateKeyFile) && string.IsNullOrEmpty(options.CertificateFile))
        {
            yield return (nameof(options.CertificateKeyFile), "needs CertificateFile, whose key it holds");
        }

        if (!string.IsNullOrEmpty(options.CertificateStore) && ClientCertificate.StoreOf(options.CertificateStore) is null)
        {
            yield return (nameof(options.CertificateStore), "must be a location and a name, such as CurrentUser/My or LocalMachine/My");
        }

        if (options.CertificateThumbprint is { Length: > 0 } thumbprint && (thumbprint.Length != 40 || !thumbprint.All(char.IsAsciiHexDigit)))
        {
            yield return (nameof(options.CertificateThumbprint), "must be 40 hexadecimal digits");
        }

        if (options.CertificateBoundTokens && sources == 0)
        {
            yield return (nameof(options.CertificateBoundTokens), "needs a certificate. Set CertificateFile or CertificateThumbprint, or call UseCertificate");
        }
    }
}
