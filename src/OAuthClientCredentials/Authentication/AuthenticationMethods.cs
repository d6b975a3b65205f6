namespace OAuthClientCredentials.Authentication;

/// <summary>Finds the authentication method of a client's options .</summary>
internal static class AuthenticationMethods
{
    public const string ClientSecretJwt = "client_secret_jwt";

    public static readonly string[] All =
    [
        ClientSecretBasic.Name, ClientSecretPost.Name, ClientSecretJwt, ClientAssertion.Name,
        TlsClientAuthentication.Name, TlsClientAuthentication.SelfSignedName, ClientAssertion.SpiffeName,
        TlsClientAuthentication.SpiffeName, NoAuthentication.Name,
    ];

    /// <summary>Returns the selected method, or the one that the configured credential needs. Returns null if that is ambiguous.</summary>
    public static string? Of(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null || !string.IsNullOrEmpty(options.AuthenticationMethod))
        {
            return options.Authentication?.Method ?? options.AuthenticationMethod;
        }

        bool hasCertificate = ClientCertificate.IsConfigured(options);
        bool hasKey = HasKey(options);
        bool hasAssertion = ClientAssertion.IsConfigured(options);
        return (hasCertificate, hasKey, hasAssertion) switch
        {
            (false, false, false) => ClientSecretBasic.Name,
            _ when HasSecret(options) => null,
            (true, false, false) => TlsClientAuthentication.Name,
            (false, true, false) or (false, false, true) => ClientAssertion.Name,
            _ => null,
        };
    }

    /// <summary>Returns the authentication that was set in code, or the one that a package registered for the selected method.</summary>
    public static ClientAuthentication? FromCode(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null)
        {
            return options.Authentication;
        }

        string? method = NotInCore(options);
        return options.OfferedAuthentications.Find(authentication => authentication.Method == method);
    }

    /// <summary>Creates the authentication of a method that this package implements.</summary>
    public static ClientAuthentication Create(ClientContext client, ClientCredentialsOptions options) => Of(options) switch
    {
        ClientSecretPost.Name => new ClientSecretPost(),
        NoAuthentication.Name => new NoAuthentication(),
        { } method when IsByAssertion(method) => new ClientAssertion(client, options, method),
        { } method when IsByTls(method) => new TlsClientAuthentication(method),
        _ => new ClientSecretBasic(options.BasicEncoding),
    };

    /// <summary>Returns the selected method if this package does not implement it, else null.</summary>
    public static string? NotInCore(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null || Of(options) is not { } method)
        {
            return null;
        }

        bool isSigned = method == ClientAssertion.Name && !ClientAssertion.IsConfigured(options) && CanSign(options);
        if (isSigned || method == ClientSecretJwt)
        {
            return method;
        }

        return null;
    }

    public static bool IsByTls(string? method) =>
        method is TlsClientAuthentication.Name or TlsClientAuthentication.SelfSignedName or TlsClientAuthentication.SpiffeName;

    public static bool IsByAssertion(string? method) => method is ClientAssertion.Name or ClientAssertion.SpiffeName;

    public static bool IsSpiffe(string? method) => method is ClientAssertion.SpiffeName or TlsClientAuthentication.SpiffeName;

    public static bool IsBySecret(string? method) => method is ClientSecretBasic.Name or ClientSecretPost.Name or ClientSecretJwt;

    public static bool HasSecret(ClientCredentialsOptions options) =>
        !string.IsNullOrEmpty(options.ClientSecret) || !string.IsNullOrEmpty(options.ClientSecretFile);

    public static bool CanSign(ClientCredentialsOptions options) => HasKey(options) || ClientCertificate.IsConfigured(options);

    public static bool HasKey(ClientCredentialsOptions options) =>
        !string.IsNullOrEmpty(options.PrivateKey) || !string.IsNullOrEmpty(options.PrivateKeyFile);

    /// <summary>
    /// Whether token requests use mutual TLS. A certificate whose key signs assertions is not shown, unless CertificateBoundTokens is set.
    /// </summary>
    public static bool UsesMutualTls(ClientCredentialsOptions options) =>
        ClientCertificate.IsConfigured(options) && (options.CertificateBoundTokens || !SignsWithCertificate(options));

    private static bool SignsWithCertificate(ClientCredentialsOptions options) =>
        NotInCore(options) == ClientAssertion.Name && !HasKey(options);
}
