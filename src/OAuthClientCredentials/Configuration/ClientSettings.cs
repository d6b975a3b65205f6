using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Wire;
using Polly;

namespace OAuthClientCredentials.Configuration;

/// <summary>One client as its valid options describe it now: what every token request of it is made from. Immutable.</summary>
internal sealed class ClientSettings
{
    private readonly TimeProvider _timeProvider;
    private int _narrowerScopeWasLogged;
    private string? _identity;
    private ResiliencePipeline? _pipeline;

    public ClientSettings(ClientName name, ClientCredentialsOptions options, TimeProvider timeProvider)
    {
        Name = name;
        Options = options;
        Authentication = options.Authentication ?? CreateAuthentication(name, options, timeProvider);
        Secret = new(name, options);
        Certificate = ClientCertificate.IsConfigured(options) ? new(name, options) : null;
        UsesMutualTls = AuthenticationMethods.UsesMutualTls(options);
        DefaultRequest = Resolve(TokenRequest.Default);
        Errors = new(name, options, Authentication.Method);
        _timeProvider = timeProvider;
    }

    public ClientName Name { get; }

    public ClientCredentialsOptions Options { get; }

    public ClientAuthentication Authentication { get; }

    public ClientSecret Secret { get; }

    public ClientCertificate? Certificate { get; }

    public bool UsesMutualTls { get; }

    /// <summary>What is asked for when a caller varies nothing.</summary>
    public TokenRequest DefaultRequest { get; }

    /// <summary>Equal exactly if a token got with the one settings is a token of the other .</summary>
    public string Identity => _identity ??= TokenIdentity.Compute(this, DefaultRequest);

    public TokenErrors Errors { get; }

    public ResiliencePipeline Pipeline => _pipeline ??= Options.Pipeline ?? TokenPipeline.Create(Options, _timeProvider);

    /// <summary>True the first time it is asked.</summary>
    public bool IsFirstNarrowerScope() => Interlocked.Exchange(ref _narrowerScopeWasLogged, 1) == 0;

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

    /// <summary>Whether only the proof of identity differs: then a token stays valid, but should be renewed with the new one.</summary>
    public bool HasSameCredential(ClientSettings other) =>
        Options.ClientSecret == other.Options.ClientSecret
        && Options.ClientSecretFile == other.Options.ClientSecretFile
        && Options.Key == other.Options.Key
        && Options.KeyFile == other.Options.KeyFile
        && Options.KeyPassword == other.Options.KeyPassword
        && Options.KeyId == other.Options.KeyId
        && Options.ClientAssertionFile == other.Options.ClientAssertionFile
        && Options.CertificateFile == other.Options.CertificateFile
        && Options.CertificateKeyFile == other.Options.CertificateKeyFile
        && Options.CertificatePassword == other.Options.CertificatePassword
        && Options.CertificateThumbprint == other.Options.CertificateThumbprint
        && Equals(Options.ClientAssertion, other.Options.ClientAssertion)
        && Equals(Options.Certificate, other.Options.Certificate)
        && Equals(Options.Authentication, other.Options.Authentication);

    /// <summary>Whether nothing differs: then a reload was about something else, and what the server answered still counts .</summary>
    public bool HasSameOptions(ClientSettings other) =>
        ReferenceEquals(this, other)
        || (HasSameCredential(other) && typeof(ClientCredentialsOptions).GetProperties().All(property => IsSame(property.GetValue(Options), property.GetValue(other.Options))));

    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (IEnumerable<string> lefts, IEnumerable<string> rights) => lefts.SequenceEqual(rights, StringComparer.Ordinal),
        (IDictionary<string, string> lefts, IDictionary<string, string> rights) => lefts.Count == rights.Count && lefts.All(rights.Contains),
        _ => Equals(left, right),
    };

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static Dictionary<string, string> Merge(IDictionary<string, string> parameters, IReadOnlyList<KeyValuePair<string, string>> replacements)
    {
        Dictionary<string, string> merged = new(parameters, StringComparer.Ordinal);
        foreach ((string name, string value) in replacements)
        {
            merged[name] = value;
        }

        return merged;
    }

    private static ClientAuthentication CreateAuthentication(ClientName name, ClientCredentialsOptions options, TimeProvider timeProvider) =>
        AuthenticationMethods.Of(options) switch
        {
            ClientSecretPost.Name => new ClientSecretPost(),
            ClientAssertion.Name => new ClientAssertion(name, options, timeProvider),
            NoAuthentication.Name => new NoAuthentication(),
            { } method when AuthenticationMethods.IsByTls(method) => new TlsClientAuthentication(method),
            _ => new ClientSecretBasic(options.BasicEncoding),
        };
}
