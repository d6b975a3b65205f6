using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Clients;

/// <summary>Validates the client authentication: one method, with exactly the credential that it needs .</summary>
internal static class CredentialRules
{
    private const string RemoveOne = "Remove one of the two";

    private const string SetCertificate = "Set CertificateFile or CertificateThumbprint, or call UseCertificate";

    public static IEnumerable<(string Option, string Problem)> Check(ClientContext client, ClientCredentialsOptions options)
    {
        if (IsUnknown(options.AuthenticationMethod) && options.Authentication is null)
        {
            string methods = string.Join(", ", AuthenticationMethods.All);
            string suggestion = NearestName.Suggest(options.AuthenticationMethod!, AuthenticationMethods.All);
            string problem = $"is not one of {methods}.{suggestion} For another method call UseAuthentication";
            return [(nameof(options.AuthenticationMethod), problem)];
        }

        if (AuthenticationMethods.Of(options) is not { } method)
        {
            const string Problem = "more than one credential is configured (a secret, a certificate, a key, an assertion)";
            return [(nameof(options.AuthenticationMethod), $"is missing: {Problem}. Set it to the method to use")];
        }

        return CheckAssertion(options).Concat(CheckCertificate(options)).Concat(CheckAuthentication(client, options, method));
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
            // This package does not reference a JWT library.
            const string Remedy = "call AddJwtAuthentication() after AddClientCredentials(), or UseJwtAuthentication() on these options";
            string problem = $"is {method}, which needs the package OAuthClientCredentials.Jwt. Install it and {Remedy}";
            return [(nameof(options.AuthenticationMethod), problem)];
        }

        bool hasAssertion = ClientAssertion.IsConfigured(options);
        if (method == ClientAssertion.Name && !hasAssertion && !AuthenticationMethods.CanSign(options))
        {
            const string Remedy = "Set PrivateKey or PrivateKeyFile, configure a certificate to sign with, "
                + "or set ClientAssertionFile if another system issues the assertion";
            return [(nameof(options.PrivateKey), $"is missing: {method} needs a key. {Remedy}")];
        }

        if (method == ClientAssertion.SpiffeName && !hasAssertion)
        {
            const string Remedy = "Set it to the file that contains the JWT-SVID, or call UseClientAssertion";
            return [(nameof(options.ClientAssertionFile), $"is missing: {method} needs a JWT-SVID. {Remedy}")];
        }

        if (AuthenticationMethods.IsByTls(method) && !ClientCertificate.IsConfigured(options))
        {
            return [(nameof(options.CertificateFile), $"is missing: {method} needs a certificate. {SetCertificate}")];
        }

        bool isBySecret = AuthenticationMethods.IsBySecret(method);
        (string Option, bool IsUnused)[] others =
        [
            (nameof(options.ClientSecret), !isBySecret && AuthenticationMethods.HasSecret(options)),
            (nameof(options.PrivateKey), AuthenticationMethods.HasKey(options)),
            (nameof(options.ClientAssertionFile), !AuthenticationMethods.IsByAssertion(method) && hasAssertion),
        ];

        // A credential that the method does not use is a mistake: either the credential or the method is wrong.
        IEnumerable<(string, string)> unused = others.Where(other => other.IsUnused)
            .Select(other => (nameof(options.AuthenticationMethod), $"is {method}, but {other.Option} is set. {RemoveOne}"));
        if (isBySecret)
        {
            return CheckSecret(options).Concat(unused);
        }

        return unused;
    }

    private static IEnumerable<(string Option, string Problem)> CheckSecret(ClientCredentialsOptions options)
    {
        bool hasSecret = !string.IsNullOrEmpty(options.ClientSecret);
        bool hasFile = !string.IsNullOrEmpty(options.ClientSecretFile);
        if (!hasSecret && !hasFile)
        {
            const string Remedy = "Set it from a secret store, or set ClientSecretFile or another credential";
            yield return (nameof(options.ClientSecret), $"{TextRules.Absence(options.ClientSecret)}. {Remedy}");
        }

        if (hasSecret && hasFile)
        {
            yield return (nameof(options.ClientSecretFile), $"cannot be combined with ClientSecret. {RemoveOne}");
        }

        if (options.BasicEncoding == BasicEncoding.Raw && options.ClientId?.Contains(':', StringComparison.Ordinal) == true)
        {
            const string Remedy = "Set BasicEncoding to Rfc6749, or AuthenticationMethod to client_secret_post";
            yield return (nameof(options.BasicEncoding), $"is Raw, which does not allow a colon in ClientId. {Remedy}");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckAssertion(ClientCredentialsOptions options)
    {
        if (!string.IsNullOrEmpty(options.ClientAssertionFile) && options.ClientAssertion is not null)
        {
            yield return (nameof(options.ClientAssertionFile), $"cannot be combined with UseClientAssertion. {RemoveOne}");
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
            yield return (nameof(options.CertificateKeyFile), "needs CertificateFile, the certificate of the key. Set CertificateFile");
        }

        if (!string.IsNullOrEmpty(options.CertificateStore) && ClientCertificate.StoreOf(options.CertificateStore) is null)
        {
            yield return (nameof(options.CertificateStore), "must be a location and a name, such as CurrentUser/My or LocalMachine/My");
        }

        if (hasThumbprint && !(options.CertificateThumbprint!.Length == 40 && options.CertificateThumbprint.All(char.IsAsciiHexDigit)))
        {
            yield return (nameof(options.CertificateThumbprint), "must be a SHA-1 thumbprint of 40 hexadecimal digits");
        }

        if (options.CertificateBoundTokens && !sources.Contains(true))
        {
            yield return (nameof(options.CertificateBoundTokens), $"needs a certificate. {SetCertificate}");
        }
    }
}
