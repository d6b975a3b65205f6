using OAuthClientCredentials.Authentication;
using static OAuthClientCredentials.Clients.OptionRole;
using Options = OAuthClientCredentials.ClientCredentialsOptions;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// All options with their roles. The names in configuration, the identity of a token and the comparison of settings are derived from it.
/// </summary>
internal static class OptionTable
{
    /// <summary>The configuration section of all clients.</summary>
    public const string SectionName = "ClientCredentials";

    // The password of an existing file is what it is.
    private static readonly string[] FreeTexts =
    [
        nameof(Options.PrivateKey),
        nameof(Options.PrivateKeyPassword),
        nameof(Options.CertificatePassword),
        nameof(Options.AuthorizationDetails),
    ];

    public static readonly IReadOnlyList<ClientOption> All =
    [
        new(nameof(Options.Authority), ShapesToken, options => options.Authority),
        new(nameof(Options.MetadataAddress), ShapesToken, options => options.MetadataAddress),
        new(nameof(Options.TokenEndpoint), ShapesToken, options => options.TokenEndpoint),
        new(nameof(Options.ClientId), ShapesToken, options => options.ClientId),
        new(nameof(Options.AuthenticationMethod), ShapesToken, AuthenticationMethods.Of),
        new(nameof(Options.Scopes), ShapesToken, options => options.Scopes) { OfRequest = request => request.Scopes },
        new(nameof(Options.Resources), ShapesToken, options => options.Resources) { OfRequest = request => request.Resources },
        new(nameof(Options.Audience), ShapesToken, options => options.Audience) { OfRequest = request => request.Audience },
        new(nameof(Options.AuthorizationDetails), ShapesToken, options => options.AuthorizationDetails)
        {
            OfRequest = request => request.CanonicalDetails,
        },
        new(nameof(Options.Parameters), ShapesToken, options => options.Parameters) { OfRequest = request => request.Parameters },
        new(nameof(Options.CertificateBoundTokens), ShapesToken, options => options.CertificateBoundTokens),
        new(nameof(Options.DPoPBoundAccessTokens), ShapesToken, options => options.DPoPBoundAccessTokens),

        new(nameof(Options.CertificateFile), Certificate, options => options.CertificateFile),
        new(nameof(Options.CertificateThumbprint), Certificate, options => options.CertificateThumbprint),
        new(nameof(Options.CertificateStore), Certificate, options => options.CertificateStore),

        new(nameof(Options.ClientSecret), Credential, options => options.ClientSecret),
        new(nameof(Options.ClientSecretFile), Credential, options => options.ClientSecretFile),
        new(nameof(Options.ClientAssertionFile), Credential, options => options.ClientAssertionFile),
        new(nameof(Options.CertificateKeyFile), Credential, options => options.CertificateKeyFile),
        new(nameof(Options.CertificatePassword), Credential, options => options.CertificatePassword),
        new(nameof(Options.PrivateKey), Credential, options => options.PrivateKey),
        new(nameof(Options.PrivateKeyFile), Credential, options => options.PrivateKeyFile),
        new(nameof(Options.PrivateKeyPassword), Credential, options => options.PrivateKeyPassword),
        new(nameof(Options.KeyId), Credential, options => options.KeyId),
        new(nameof(Options.KeyAlgorithm), Credential, options => options.KeyAlgorithm),
        new(nameof(Options.AssertionAudience), Credential, options => options.AssertionAudience),
        new(nameof(Options.AssertionType), Credential, options => options.AssertionType),
        new(nameof(Options.AssertionCertificateHeader), Credential, options => options.AssertionCertificateHeader),
        new(nameof(Options.AssertionLifetime), Credential, options => options.AssertionLifetime),

        new(nameof(Options.DPoPKeyFile), Tuning, options => options.DPoPKeyFile),
        new(nameof(Options.BasicEncoding), Tuning, options => options.BasicEncoding),
        new(nameof(Options.AllowedEndpointHosts), Tuning, options => options.AllowedEndpointHosts),
        new(nameof(Options.RevocationEndpoint), Tuning, options => options.RevocationEndpoint),
        new(nameof(Options.AllowInsecureHttp), Tuning, options => options.AllowInsecureHttp),
        new(nameof(Options.Timeout), Tuning, options => options.Timeout),
        new(nameof(Options.AttemptTimeout), Tuning, options => options.AttemptTimeout),
        new(nameof(Options.MaxRetries), Tuning, options => options.MaxRetries),
        new(nameof(Options.MaxConcurrentRequests), Tuning, options => options.MaxConcurrentRequests),
        new(nameof(Options.MaxRetryAfter), Tuning, options => options.MaxRetryAfter),
        new(nameof(Options.MaxResponseBytes), Tuning, options => options.MaxResponseBytes),
        new(nameof(Options.DefaultLifetime), Tuning, options => options.DefaultLifetime),
        new(nameof(Options.MaxLifetime), Tuning, options => options.MaxLifetime),
        new(nameof(Options.AcceptedTokenTypes), Tuning, options => options.AcceptedTokenTypes),
        new(nameof(Options.RequireAllScopes), Tuning, options => options.RequireAllScopes),
        new(nameof(Options.RequireBearerSyntax), Tuning, options => options.RequireBearerSyntax),
        new(nameof(Options.RequireFapi2), Tuning, options => options.RequireFapi2),
        new(nameof(Options.WarmUp), Tuning, options => options.WarmUp),
        new(nameof(Options.KeepWarm), Tuning, options => options.KeepWarm),
        new(nameof(Options.RevokeOnDispose), Tuning, options => options.RevokeOnDispose),

        // The thumbprint of the DPoP key is part of it. The path of its file is not, because machines may have the same key elsewhere.
        new(nameof(Options.UseTokenBinding), ShapesToken, options => BindingRules.BindingOf(options)?.Thumbprint) { IsSetInCode = true },
        new(nameof(Options.UseAuthentication), Credential, AuthenticationMethods.FromCode) { IsSetInCode = true },
        new(nameof(Options.UseClientAssertion), Credential, options => options.ClientAssertion) { IsSetInCode = true },
        new(nameof(Options.UseCertificate), Credential, options => options.Certificate) { IsSetInCode = true },
        new(nameof(Options.UseResiliencePipeline), Tuning, options => options.Pipeline) { IsSetInCode = true },
    ];

    private static readonly Options Defaults = new();

    private static readonly Dictionary<string, ClientOption> ByName =
        All.Where(option => !option.IsSetInCode).ToDictionary(option => option.Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of the options that configuration can set.</summary>
    public static IEnumerable<string> Names => ByName.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether a name is that of an option, ignoring case. A client in configuration cannot have such a name .</summary>
    public static bool Contains(string name) => ByName.ContainsKey(name);

    /// <summary>Whether an option has a single value, not a list or dictionary.</summary>
    public static bool IsScalar(string name) => Contains(name) && !IsCollection(name);

    public static bool IsCollection(string name) => DefaultOf(name) is IList<string> or IDictionary<string, string>;

    /// <summary>The default value of an option, whose type is that of the option; null for text.</summary>
    public static object? DefaultOf(string name) => ByName.GetValueOrDefault(name)?.Value(Defaults);

    /// <summary>The texts of the options that are not keys, passwords or JSON, with the name of each.</summary>
    public static IEnumerable<(string Option, string Text)> TextsOf(Options options) =>
        from option in ByName.Values
        where !FreeTexts.Contains(option.Name)
        from text in option.Value(options) switch
        {
            string text => [text],
            IList<string> texts => texts,
            _ => [],
        }
        select (option.Name, text);

    /// <summary>Whether the credential is the same. If it is not, a valid token stays in use and its renewal is due.</summary>
    public static bool HaveSameCredential(Options left, Options right) =>
        All.Where(option => option.IsCredential).All(option => option.IsSame(left, right));

    /// <summary>Whether all options are the same.</summary>
    public static bool AreSame(Options left, Options right) => All.All(option => option.IsSame(left, right));
}
