using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials;

/// <summary>
/// A request to an endpoint of the authorization server, before it is sent: endpoint, parameters and headers. Each attempt has its own
/// instance. Not thread-safe.
/// </summary>
/// <remarks>A <see cref="ClientAuthentication"/> and a <see cref="TokenBinding"/> write their proofs into it.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<AuthorizationServerRequest>))]
public sealed class AuthorizationServerRequest
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    /// <summary>Creates a request without parameters.</summary>
    /// <param name="endpoint">The URL of the endpoint.</param>
    /// <param name="client">The client that sends the request.</param>
    public AuthorizationServerRequest(Uri endpoint, ClientContext client)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(client);
        Endpoint = endpoint;
        Client = client;
    }

    /// <summary>The URL of the endpoint.</summary>
    public Uri Endpoint { get; }

    /// <summary>The client that sends the request.</summary>
    public ClientContext Client { get; }

    /// <summary>
    /// The signature algorithms for assertions in the server's metadata; <see langword="null"/> if it has none.
    /// </summary>
    public IReadOnlyList<string>? SigningAlgorithms { get; init; }

    /// <summary>The current client certificate, if one is configured.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public X509Certificate2? Certificate { get; init; }

    /// <summary>
    /// The secret that the proof contains or is made with, if any. It is removed from the server's error texts. After a rejection, the
    /// request is sent again immediately only if the secret or another part of the credential has changed.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? Secret { get; set; }

    /// <summary>A credential that the authentication has read and uses when it writes the proof, for instance a signer.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public object? Credential { get; set; }

    /// <summary>
    /// Identifies a credential that has no <see cref="Secret"/>, for instance by the thumbprint of its key. It must change when the
    /// credential changes.
    /// </summary>
    public string? CredentialId { get; set; }

    /// <summary>The <c>Authorization</c> header of the request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue? Authorization { get; set; }

    /// <summary>Additional headers of the request, for instance a <c>DPoP</c> proof.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IDictionary<string, string> Headers => FurtherHeaders ??= new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>The validity period of the certificate or assertion, if it has one.</summary>
    internal CredentialValidity? CredentialValidity { get; set; }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal Dictionary<string, string>? FurtherHeaders { get; private set; }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    // Computed once, when the first response is read.
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal List<string>? Secrets { get; set; }

    /// <summary>Reads the configured client secret. Null in a request that a test created, which has <see cref="Secret"/>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal Func<CancellationToken, ValueTask<string>>? ClientSecretReader { get; init; }

    /// <summary>The certificate that the connection of this request presents.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal TlsCertificate? Tls { get; init; }

    /// <summary>Reads the client secret from its option or file, and stores it in <see cref="Secret"/>.</summary>
    /// <param name="cancellationToken">Cancelled when the token request times out.</param>
    /// <returns>The current secret.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read or is empty.</exception>
    /// <exception cref="InvalidOperationException">The request was created by a test, and <see cref="Secret"/> was not set.</exception>
    public async ValueTask<string> ReadClientSecretAsync(CancellationToken cancellationToken)
    {
        if (ClientSecretReader is not null)
        {
            Secret = await ClientSecretReader(cancellationToken).ConfigureAwait(false);
        }

        return Secret ?? throw new InvalidOperationException("The request has no secret. Set Secret first.");
    }

    /// <summary>Adds a parameter to the form body.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="value">The parameter's value, not encoded.</param>
    /// <exception cref="ArgumentException">The request already has that parameter.</exception>
    public void AddParameter(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);

        // RFC 6749 section 3.2 allows each parameter once. Only resource may be repeated (RFC 8707 section 2, R-025).
        if (name != "resource" && _parameters.Exists(parameter => parameter.Key == name))
        {
            throw new ArgumentException($"The request already has a parameter '{name}'.", nameof(name));
        }

        _parameters.Add(new(name, value));
    }

    /// <summary>Describes the request without its parameters.</summary>
    /// <returns>The type name and the client name.</returns>
    public override string ToString() => $"{nameof(AuthorizationServerRequest)} {{ ClientName = {Client.ClientName} }}";

    internal bool HasSameCredential(AuthorizationServerRequest other) =>
        Secret == other.Secret && CredentialId == other.CredentialId && Tls?.Thumbprint == other.Tls?.Thumbprint;

    /// <summary>A hash of the credential, which recognises it without storing it. The lengths separate the fields.</summary>
    internal string CredentialFingerprint()
    {
        string credential = $"{Secret?.Length}:{Secret}{CredentialId?.Length}:{CredentialId}{Tls?.Thumbprint}";
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(credential)));
    }
}
