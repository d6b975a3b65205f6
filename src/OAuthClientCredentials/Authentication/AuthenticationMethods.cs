namespace OAuthClientCredentials.Authentication;

/// <summary>Which method a client's options come to, and what of them it needs.</summary>
internal static class AuthenticationMethods
{
    public static readonly string[] All =
    [
        ClientSecretBasic.Name, ClientSecretPost.Name, "client_secret_jwt", ClientAssertion.Name,
        TlsClientAuthentication.Name, TlsClientAuthentication.SelfSignedName, NoAuthentication.Name,
    ];

    /// <summary>The method that is set or follows from what is configured; null if more than one could be meant.</summary>
    public static string? Of(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null || !string.IsNullOrEmpty(options.AuthenticationMethod))
        {
            return options.Authentication?.Method ?? options.AuthenticationMethod;
        }

        string[] configured =
        [
            .. ClientCertificate.IsConfigured(options) ? [TlsClientAuthentication.Name] : Array.Empty<string>(),
            .. HasKey(options) ? [ClientAssertion.Name] : Array.Empty<string>(),
            .. ClientAssertion.IsConfigured(options) ? [ClientAssertion.Name] : Array.Empty<string>(),
        ];
        return configured.Length switch
        {
            0 => ClientSecretBasic.Name,
            1 when !HasSecret(options) => configured[0],
            _ => null,
        };
    }

    /// <summary>The authentication that code set, or the offered one that the options select.</summary>
    public static ClientAuthentication? FromCode(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null || NotInCore(options) is not { } method)
        {
            return options.Authentication;
        }

        return options.OfferedAuthentications.Find(authentication => authentication.Method == method);
    }

    /// <summary>The implementation of a method that this package brings.</summary>
    public static ClientAuthentication Create(ClientContext client, ClientCredentialsOptions options) => Of(options) switch
    {
        ClientSecretPost.Name => new ClientSecretPost(),
        ClientAssertion.Name => new ClientAssertion(client, options),
        NoAuthentication.Name => new NoAuthentication(),
        { } method when IsByTls(method) => new TlsClientAuthentication(method),
        _ => new ClientSecretBasic(options.BasicEncoding),
    };

    /// <summary>The selected method if this package does not implement it.</summary>
    public static string? NotInCore(ClientCredentialsOptions options)
    {
        if (options.Authentication is not null || Of(options) is not { } method)
        {
            return null;
        }

        bool isSigned = method == ClientAssertion.Name && !ClientAssertion.IsConfigured(options) && CanSign(options);
        return isSigned || method == "client_secret_jwt" ? method : null;
    }

    public static bool IsByTls(string? method) => method is TlsClientAuthentication.Name or TlsClientAuthentication.SelfSignedName;

    public static bool IsBySecret(string? method) => method is ClientSecretBasic.Name or ClientSecretPost.Name or "client_secret_jwt";

    public static bool HasSecret(
        ClientCredentialsOptions options) => !string.IsNullOrEmpty(options.ClientSecret) || !string.IsNullOrEmpty(options.ClientSecretFile);

    public static bool CanSign(ClientCredentialsOptions options) => HasKey(options) || ClientCertificate.IsConfigured(options);

    public static bool HasKey(
        ClientCredentialsOptions options) => !string.IsNullOrEmpty(options.PrivateKey) || !string.IsNullOrEmpty(options.PrivateKeyFile);

    /// <summary>
    /// Whether token requests go over mutual TLS. A certificate that is there to sign assertions is not shown, unless tokens are to be
    /// bound to it.
    /// </summary>
    public static bool UsesMutualTls(ClientCredentialsOptions options) =>
        ClientCertificate.IsConfigured(options) && (options.CertificateBoundTokens || !SignsWithCertificate(options));

    private static bool SignsWithCertificate(ClientCredentialsOptions options) =>
        NotInCore(options) == ClientAssertion.Name && !HasKey(options);
}
