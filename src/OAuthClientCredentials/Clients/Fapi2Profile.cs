using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Clients;

/// <summary>What the FAPI 2.0 Security Profile (Final) demands of a client of this grant, if RequireFapi2 is set (R-235).</summary>
internal sealed class Fapi2Profile : IPostConfigureOptions<ClientCredentialsOptions>
{
    private static readonly string[] Methods =
        [ClientAssertion.Name, TlsClientAuthentication.Name, TlsClientAuthentication.SelfSignedName];

    private static readonly string[] Algorithms = ["PS256", "ES256", "EdDSA"];

    public void PostConfigure(string? name, ClientCredentialsOptions options) => Apply(options);

    /// <summary>Turns on what the profile demands, after all options were set.</summary>
    public static void Apply(ClientCredentialsOptions options)
    {
        if (!options.RequireFapi2)
        {
            return;
        }

        options.RequireBearerSyntax = true;
        if (IsBound(options))
        {
            return;
        }

        if (AuthenticationMethods.UsesMutualTls(options))
        {
            options.CertificateBoundTokens = true;
        }
        else
        {
            options.DPoPBoundAccessTokens = true;
        }
    }

    /// <summary>Which hosts a client may call over plain http.</summary>
    public static PlainHttp PlainHttpOf(ClientCredentialsOptions options)
    {
        if (options.RequireFapi2)
        {
            return PlainHttp.Nowhere;
        }

        return options.AllowInsecureHttp ? PlainHttp.Everywhere : PlainHttp.Loopback;
    }

    /// <summary>The settings of connections without a client certificate; null for those of the handler.</summary>
    public static TlsSettings? TlsOf(ClientCredentialsOptions options) => options.RequireFapi2 ? TlsSettings.WithoutOldVersions : null;

    /// <summary>Refuses the settings that are weaker than the profile.</summary>
    public static IEnumerable<(string Option, string Problem)> Check(ClientCredentialsOptions options)
    {
        if (!options.RequireFapi2)
        {
            return [];
        }

        return CheckServer(options).Concat(CheckMethod(options)).Concat(CheckAssertion(options)).Concat(CheckBinding(options));
    }

    private static IEnumerable<(string Option, string Problem)> CheckServer(ClientCredentialsOptions options)
    {
        if (options.AllowInsecureHttp)
        {
            yield return (nameof(options.AllowInsecureHttp), $"must be false: every connection uses TLS {Clause("5.2.1")}. Remove it");
        }

        if (string.IsNullOrEmpty(options.Authority))
        {
            const string Problem = "is missing: only the metadata of the issuer may name the token endpoint";
            yield return (nameof(options.Authority), $"{Problem} {Clause("5.3.3.1")}. Set it to the issuer");
        }
        else if (Uri.TryCreate(options.Authority, UriKind.Absolute, out Uri? issuer) && EndpointRules.IsLogical(issuer))
        {
            const string Problem = "must be the issuer itself, not a logical address, because the metadata must name the same issuer";
            yield return (nameof(options.Authority), $"{Problem} {Clause("5.3.3.1")}");
        }

        if (!string.IsNullOrEmpty(options.MetadataAddress))
        {
            const string Problem = "must not be set: the metadata must be where the issuer serves it";
            yield return (nameof(options.MetadataAddress), $"{Problem} {Clause("5.3.3.1")}. Remove it");
        }

        if (!string.IsNullOrEmpty(options.TokenEndpoint) && !string.IsNullOrEmpty(options.Authority))
        {
            const string Problem = "must not be set: only the metadata of the issuer may name the token endpoint";
            yield return (nameof(options.TokenEndpoint), $"{Problem} {Clause("5.3.3.1")}. Remove it");
        }

        if (!string.IsNullOrEmpty(options.RevocationEndpoint))
        {
            const string Problem = "must not be set: only the metadata of the issuer may name the revocation endpoint";
            yield return (nameof(options.RevocationEndpoint), $"{Problem} {Clause("5.3.3.1")}. Remove it");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckMethod(ClientCredentialsOptions options)
    {
        string? method = AuthenticationMethods.Of(options);
        bool isKnown = options.Authentication is not null || AuthenticationMethods.All.Contains(method, StringComparer.Ordinal);
        if (isKnown && !Methods.Contains(method, StringComparer.Ordinal))
        {
            const string Remedy = "Set a private key or a certificate instead";
            yield return (
                nameof(options.AuthenticationMethod),
                $"must be {string.Join(", ", Methods[..^1])} or {Methods[^1]} {Clause("5.3.3.1")}. {Remedy}");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckAssertion(ClientCredentialsOptions options)
    {
        if (!string.IsNullOrEmpty(options.KeyAlgorithm) && !Algorithms.Contains(options.KeyAlgorithm, StringComparer.Ordinal))
        {
            yield return (nameof(options.KeyAlgorithm), $"must be PS256, ES256 or EdDSA {Clause("5.4.1")}");
        }

        bool hasOtherAudience = !string.IsNullOrEmpty(options.AssertionAudience)
            && !string.IsNullOrEmpty(options.Authority)
            && options.AssertionAudience != options.Authority;
        if (hasOtherAudience)
        {
            const string Problem = "must be the issuer, which is the default";
            yield return (nameof(options.AssertionAudience), $"{Problem} {Clause("5.3.3.1")}. Remove it");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckBinding(ClientCredentialsOptions options)
    {
        if (!IsBound(options))
        {
            const string Problem = "was set after the other options were completed, so nothing binds the tokens";
            yield return (nameof(options.RequireFapi2), $"{Problem} {Clause("5.3.3.1")}. Set it before, and not in PostConfigure");
        }

        if (options.Binding is { } binding && binding.TokenType != "DPoP")
        {
            const string Problem = "must bind tokens by DPoP, or by a certificate with CertificateBoundTokens";
            yield return (nameof(options.UseTokenBinding), $"{Problem} {Clause("5.3.3.1")}");
        }
    }

    private static bool IsBound(ClientCredentialsOptions options) =>
        options.Binding is not null || options.CertificateBoundTokens || options.DPoPBoundAccessTokens;

    private static string Clause(string section) => $"(RequireFapi2: FAPI 2.0 section {section})";
}
