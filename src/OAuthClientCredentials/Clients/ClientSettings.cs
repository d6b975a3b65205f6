using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;
using Polly;

namespace OAuthClientCredentials.Clients;

/// <summary>One client as its valid options describe it now: what every token request of it is made from. The options never change; the cool-down does.</summary>
internal sealed class ClientSettings
{
    private int _narrowerScopeWasLogged;
    private string? _identity;
    private ResiliencePipeline? _pipeline;

    public ClientSettings(ClientContext context, ClientCredentialsOptions options, ClientSettings? former = null)
    {
        Context = context;
        Options = options;
        Authentication = AuthenticationMethods.FromCode(options) ?? AuthenticationMethods.Create(context, options);
        ReadSecret = new ClientSecret(context, options).ReadAsync;
        Cooldown = new(context.TimeProvider);
        Certificate = ClientCertificate.IsConfigured(options) ? new(context, options) : null;
        UsesMutualTls = AuthenticationMethods.UsesMutualTls(options);
        DefaultRequest = Resolve(TokenRequest.Default);
        CredentialVersion = former?.CredentialVersion ?? 0;
        if (former is not null && !OptionTable.HaveSameCredential(options, former.Options))
        {
            CredentialVersion++;
        }
    }

    /// <summary>The client's name, identifier and clock, as authentications and bindings see them.</summary>
    public ClientContext Context { get; }

    public string Name => Context.ClientName;

    public ClientCredentialsOptions Options { get; }

    public ClientAuthentication Authentication { get; }

    /// <summary>Reads the client secret from the options or its file.</summary>
    public Func<CancellationToken, ValueTask<string>> ReadSecret { get; }

    /// <summary>Holds back a credential that the server rejected. Changed settings are a new object with a closed one.</summary>
    public CredentialCooldown Cooldown { get; }

    public ClientCertificate? Certificate { get; }

    public bool UsesMutualTls { get; }

    /// <summary>
    /// Grows with each reload that changed the credential. Comparing it runs none of your code, unlike comparing options.
    /// </summary>
    public int CredentialVersion { get; }

    /// <summary>
    /// Whether the credential is in a file, which may be replaced without a change of options. What a callback returns may be new each
    /// time.
    /// </summary>
    public bool HasCredentialFile =>
        Options.ClientAssertion is null
        && new[] { Options.ClientSecretFile, Options.ClientAssertionFile, Options.CertificateFile, Options.PrivateKeyFile }
            .Any(path => !string.IsNullOrEmpty(path));

    /// <summary>The client's own request.</summary>
    public TokenRequest DefaultRequest { get; }

    /// <summary>Equal exactly if a token of the one settings is a token of the other .</summary>
    public string Identity => _identity ??= TokenIdentity.Compute(Name, Options, DefaultRequest);

    public ResiliencePipeline Pipeline => _pipeline ??= Options.Pipeline ?? RetryPipeline.Create(Options, Context.TimeProvider);

    /// <summary>True the first time only, so that the warning is logged once.</summary>
    public bool TryMarkNarrowerScopeLogged() => Interlocked.Exchange(ref _narrowerScopeWasLogged, 1) == 0;

    /// <summary>What tokens are bound to: the binding of the options, or the client certificate.</summary>
    /// <param name="certificate">The certificate as it is now.</param>
    public TokenBinding? BindingOf(TlsCertificate? certificate)
    {
        bool isByCertificate = Options.Binding is null && Options.CertificateBoundTokens && certificate is not null;
        return isByCertificate ? new CertificateBinding(certificate!) : Options.Binding;
    }

    /// <summary>The request with everything that the caller left open filled in.</summary>
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

    /// <summary>Whether a reload changed nothing here. Then what the server said about the credential still counts .</summary>
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
