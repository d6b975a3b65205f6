using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;
using Polly;

namespace OAuthClientCredentials.Clients;

/// <summary>One client as its valid options describe it now: what every token request of it is made from. The options never change; the cool-down does.</summary>
internal sealed class ClientSettings
{
    private readonly TimeProvider _timeProvider;
    private int _narrowerScopeWasLogged;
    private string? _identity;
    private ResiliencePipeline? _pipeline;

    public ClientSettings(ClientName name, ClientCredentialsOptions options, TimeProvider timeProvider, ClientSettings? former = null)
    {
        Name = name;
        Options = options;
        Authentication = options.Authentication ?? CreateAuthentication(name, options, timeProvider);
        Context = new(name, options, timeProvider);
        Cooldown = new(timeProvider);
        Certificate = ClientCertificate.IsConfigured(options) ? new(name, options) : null;
        UsesMutualTls = AuthenticationMethods.UsesMutualTls(options);
        DefaultRequest = Resolve(TokenRequest.Default);
        _timeProvider = timeProvider;
        CredentialVersion = former?.CredentialVersion ?? 0;
        if (former is not null && !HasSameCredential(former))
        {
            CredentialVersion++;
        }
    }

    public ClientName Name { get; }

    public ClientCredentialsOptions Options { get; }

    public ClientAuthentication Authentication { get; }

    /// <summary>What authentications and bindings may know of the client.</summary>
    public ClientContext Context { get; }

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
    public string Identity => _identity ??= TokenIdentity.Compute(this, DefaultRequest, Options.Binding?.Thumbprint);

    public ResiliencePipeline Pipeline => _pipeline ??= Options.Pipeline ?? RetryPipeline.Create(Options, _timeProvider);

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

    /// <summary>Whether the proof of identity is the same. If it is not, a token stays valid but should be renewed.</summary>
    public bool HasSameCredential(ClientSettings other) =>
        Options.ClientSecret == other.Options.ClientSecret
        && Options.ClientSecretFile == other.Options.ClientSecretFile
        && Options.PrivateKey == other.Options.PrivateKey
        && Options.PrivateKeyFile == other.Options.PrivateKeyFile
        && Options.PrivateKeyPassword == other.Options.PrivateKeyPassword
        && Options.KeyId == other.Options.KeyId
        && Options.ClientAssertionFile == other.Options.ClientAssertionFile
        && Options.CertificateFile == other.Options.CertificateFile
        && Options.CertificateStore == other.Options.CertificateStore
        && Options.CertificateKeyFile == other.Options.CertificateKeyFile
        && Options.CertificatePassword == other.Options.CertificatePassword
        && Options.CertificateThumbprint == other.Options.CertificateThumbprint
        && Equals(Options.ClientAssertion, other.Options.ClientAssertion)
        && Equals(Options.Certificate, other.Options.Certificate)
        && Equals(Options.Authentication, other.Options.Authentication);

    /// <summary>
    /// Whether nothing differs: then a reload was about something else, and what the server answered still counts.
    /// </summary>
    public bool HasSameOptions(ClientSettings other) =>
        ReferenceEquals(this, other)
        || (HasSameCredential(other)
            && Equals(Options.Binding, other.Options.Binding)
            && Equals(Options.Pipeline, other.Options.Pipeline)
            && typeof(ClientCredentialsOptions).GetProperties()
                .All(property => IsSame(property.GetValue(Options), property.GetValue(other.Options))));

    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (IEnumerable<string> lefts, IEnumerable<string> rights) => lefts.SequenceEqual(rights, StringComparer.Ordinal),
        (IDictionary<string, string> lefts, IDictionary<string, string> rights) =>
            lefts.Count == rights.Count && lefts.All(rights.Contains),
        _ => Equals(left, right),
    };

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

    private static ClientAuthentication CreateAuthentication(
        ClientName name,
        ClientCredentialsOptions options,
        TimeProvider timeProvider) =>
        AuthenticationMethods.Of(options) switch
        {
            ClientSecretPost.Name => new ClientSecretPost(),
            ClientAssertion.Name => new ClientAssertion(name, options, timeProvider),
            NoAuthentication.Name => new NoAuthentication(),
            { } method when AuthenticationMethods.IsByTls(method) => new TlsClientAuthentication(method),
            _ => new ClientSecretBasic(options.BasicEncoding),
        };
}
