namespace OAuthClientCredentials.Clients;

/// <summary>The names of the options, ignoring case. Under the root section they cannot be names of clients .</summary>
internal static class OptionNames
{
    private static readonly HashSet<string> Scalars = new(StringComparer.OrdinalIgnoreCase)
    {
        nameof(ClientCredentialsOptions.Authority),
        nameof(ClientCredentialsOptions.MetadataAddress),
        nameof(ClientCredentialsOptions.TokenEndpoint),
        nameof(ClientCredentialsOptions.ClientId),
        nameof(ClientCredentialsOptions.ClientSecret),
        nameof(ClientCredentialsOptions.ClientSecretFile),
        nameof(ClientCredentialsOptions.AuthenticationMethod),
        nameof(ClientCredentialsOptions.BasicEncoding),
        nameof(ClientCredentialsOptions.ClientAssertionFile),
        nameof(ClientCredentialsOptions.CertificateFile),
        nameof(ClientCredentialsOptions.CertificateKeyFile),
        nameof(ClientCredentialsOptions.CertificatePassword),
        nameof(ClientCredentialsOptions.CertificateThumbprint),
        nameof(ClientCredentialsOptions.CertificateStore),
        nameof(ClientCredentialsOptions.CertificateBoundTokens),
        nameof(ClientCredentialsOptions.PrivateKey),
        nameof(ClientCredentialsOptions.PrivateKeyFile),
        nameof(ClientCredentialsOptions.PrivateKeyPassword),
        nameof(ClientCredentialsOptions.KeyId),
        nameof(ClientCredentialsOptions.KeyAlgorithm),
        nameof(ClientCredentialsOptions.AssertionAudience),
        nameof(ClientCredentialsOptions.AssertionType),
        nameof(ClientCredentialsOptions.AssertionLifetime),
        nameof(ClientCredentialsOptions.Audience),
        nameof(ClientCredentialsOptions.AuthorizationDetails),
        nameof(ClientCredentialsOptions.AllowInsecureHttp),
        nameof(ClientCredentialsOptions.Timeout),
        nameof(ClientCredentialsOptions.AttemptTimeout),
        nameof(ClientCredentialsOptions.MaxRetries),
        nameof(ClientCredentialsOptions.MaxConcurrentRequests),
        nameof(ClientCredentialsOptions.MaxRetryAfter),
        nameof(ClientCredentialsOptions.MaxResponseBytes),
        nameof(ClientCredentialsOptions.DefaultLifetime),
        nameof(ClientCredentialsOptions.MaxLifetime),
        nameof(ClientCredentialsOptions.RequireAllScopes),
        nameof(ClientCredentialsOptions.RequireBearerSyntax),
    };

    private static readonly HashSet<string> Collections = new(StringComparer.OrdinalIgnoreCase)
    {
        nameof(ClientCredentialsOptions.Scopes),
        nameof(ClientCredentialsOptions.Resources),
        nameof(ClientCredentialsOptions.Parameters),
        nameof(ClientCredentialsOptions.AllowedEndpointHosts),
    };

    public static IEnumerable<string> All => Scalars.Concat(Collections).Order(StringComparer.Ordinal);

    public static bool IsOption(string name) => IsScalar(name) || IsCollection(name);

    public static bool IsScalar(string name) => Scalars.Contains(name);

    public static bool IsCollection(string name) => Collections.Contains(name);
}
