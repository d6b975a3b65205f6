using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;
using Polly;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// The settings of a client, made from its valid options. Changed options make a new object. Immutable, except for the cool-down, the
/// validity of the last credential, and the record of what was logged.
/// </summary>
internal sealed class ClientSettings
{
    private readonly TokenBinding? _binding;
    private int _logged;
    private string? _identity;
    private ResiliencePipeline? _pipeline;

    public ClientSettings(ClientContext context, ClientCredentialsOptions options, ClientSettings? previous = null)
    {
        Context = context;
        Options = options;
        if (previous is not null)
        {
            BindingRules.KeepEqualBinding(options, previous.Options);
        }

        _binding = BindingRules.BindingOf(options);
        if (_binding is not null)
        {
            _binding.Client = context;
        }

        Authentication = AuthenticationMethods.FromCode(options) ?? AuthenticationMethods.Create(context, options);
        ReadSecret = new ClientSecret(context, options).ReadAsync;
        Cooldown = new(context.TimeProvider);
        if (ClientCertificate.IsConfigured(options))
        {
            Certificate = new(context, options);
        }

        UsesMutualTls = AuthenticationMethods.UsesMutualTls(options);
        DefaultRequest = Resolve(TokenRequest.Default);
        CredentialVersion = previous?.CredentialVersion ?? 0;
        CredentialValidity = previous?.CredentialValidity;
        if (previous is not null && !OptionTable.HaveSameCredential(options, previous.Options))
        {
            CredentialVersion++;
            CredentialValidity = null;
        }
    }

    /// <summary>The client as authentications and bindings see it: its name, identifier and clock.</summary>
    public ClientContext Context { get; private set; }

    public string Name => Context.ClientName;

    public ClientCredentialsOptions Options { get; }

    public ClientAuthentication Authentication { get; }

    /// <summary>Reads the client secret from the options or its file.</summary>
    public Func<CancellationToken, ValueTask<string>> ReadSecret { get; }

    /// <summary>Stops requests after the server rejected the credential. Changed settings start with a closed circuit.</summary>
    public CredentialCooldown Cooldown { get; }

    public ClientCertificate? Certificate { get; }

    public bool UsesMutualTls { get; }

    public PlainHttp PlainHttp => Fapi2Profile.PlainHttpOf(Options);

    /// <summary>
    /// Whether a server may accept the method without listing it in its metadata. Keycloak does so with SPIFFE, although the draft requires
    /// the list (draft-ietf-oauth-spiffe-client-auth-02 section 4).
    /// </summary>
    public bool MayUseUnlistedMethod => AuthenticationMethods.IsSpiffe(Authentication.Method);

    /// <summary>The host of the configured token endpoint or issuer.</summary>
    public string ServerAddress =>
        new Uri(string.IsNullOrEmpty(Options.TokenEndpoint) ? Options.Authority! : Options.TokenEndpoint).Host;

    /// <summary>The validity period of the certificate or assertion of the last token request, if it has one.</summary>
    public CredentialValidity? CredentialValidity { get; set; }

    /// <summary>
    /// Incremented by each reload that changed the credential. Comparing options would call user code (Equals), and this does not.
    /// </summary>
    public int CredentialVersion { get; }

    /// <summary>
    /// Whether the credential is in a file, which may be replaced without a change of the options. A callback does not count: it may return
    /// a new credential at each call.
    /// </summary>
    public bool HasCredentialFile =>
        Options.ClientAssertion is null
        && new[] { Options.ClientSecretFile, Options.ClientAssertionFile, Options.CertificateFile, Options.PrivateKeyFile }
            .Any(path => !string.IsNullOrEmpty(path));

    /// <summary>The request of the client's options.</summary>
    public TokenRequest DefaultRequest { get; }

    /// <summary>Settings have the same identity exactly if they can use each other's tokens .</summary>
    public string Identity => _identity ??= TokenIdentity.Compute(Name, Options, DefaultRequest);

    public ResiliencePipeline Pipeline => _pipeline ??= Options.Pipeline ?? RetryPipeline.Create(Options, Context.TimeProvider);

    /// <summary>Returns true only at the first call for an event, so that it is logged once.</summary>
    public bool TryMarkLogged(LoggedOnce loggedEvent) => (Interlocked.Or(ref _logged, (int)loggedEvent) & (int)loggedEvent) == 0;

    /// <summary>The binding of new tokens: that of the options, or one to the client certificate, or none.</summary>
    /// <param name="certificate">The current certificate.</param>
    public TokenBinding? BindingOf(TlsCertificate? certificate)
    {
        if (_binding is null && Options.CertificateBoundTokens && certificate is not null)
        {
            return new CertificateBinding(certificate);
        }

        return _binding;
    }

    /// <summary>The request with the client's options filled in. Returns the same object if nothing changes.</summary>
    public TokenRequest Resolve(TokenRequest request)
    {
        TokenRequest resolved = new()
        {
            Scopes = request.Scopes ?? [.. Options.Scopes],
            Resources = request.Resources ?? [.. Options.Resources],
            Audience = NullIfEmpty(request.Audience ?? Options.Audience),
            AuthorizationDetails = NullIfEmpty(request.AuthorizationDetails ?? Options.AuthorizationDetails),
            Parameters = Merge(Options.Parameters, request.ParameterList),
        };
        return resolved.Equals(request) ? request : resolved;
    }

    /// <summary>The same settings for requests that revoke tokens. Only the errors have other words.</summary>
    public ClientSettings ForRevocation()
    {
        ClientSettings copy = (ClientSettings)MemberwiseClone();
        copy.Context = Context.ForRevocation();
        return copy;
    }

    /// <summary>Whether a reload changed no option. The settings and their cool-down are then kept .</summary>
    public bool HasSameOptions(ClientSettings other) => ReferenceEquals(this, other) || OptionTable.AreSame(Options, other.Options);

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static Dictionary<string, string> Merge(
        IDictionary<string, string> parameters,
        IReadOnlyList<KeyValuePair<string, string>> replacements)
    {
        Dictionary<string, string> merged = new(parameters, StringComparer.Ordinal);
        foreach ((string name, string value) in replacements)
        {
            merged[name] = value;
        }

        return merged;
    }
}
