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
/// One request to an authorization server while it is being written: its endpoint, parameters and headers. Each attempt has its own; not
/// thread-safe.
/// </summary>
/// <remarks>A <see cref="ClientAuthentication"/> and a <see cref="TokenBinding"/> write their proofs into it, whichever endpoint it is
/// for.</remarks>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<AuthorizationServerRequest>))]
public sealed class AuthorizationServerRequest
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    /// <summary>Creates a request without parameters.</summary>
    /// <param name="endpoint">Where the request goes.</param>
    /// <param name="client">The client that makes it.</param>
    public AuthorizationServerRequest(Uri endpoint, ClientContext client)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(client);
        Endpoint = endpoint;
        Client = client;
    }

    /// <summary>Where the request goes.</summary>
    public Uri Endpoint { get; }

    /// <summary>The client that makes the request.</summary>
    public ClientContext Client { get; }

    /// <summary>
    /// The signature algorithms that the server's metadata offers for assertions; <see langword="null"/> if it does not say.
    /// </summary>
    public IReadOnlyList<string>? SigningAlgorithms { get; init; }

    /// <summary>The client certificate as it is now, if one is configured.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public X509Certificate2? Certificate { get; init; }

    /// <summary>
    /// The secret behind the proof, if there is one. It is removed from whatever the server says, and compared when the server rejects it.
    /// </summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? Secret { get; set; }

    /// <summary>What an authentication has read and keeps for the moment of writing, for instance a signer.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public object? Credential { get; set; }

    /// <summary>
    /// Identifies a credential without a secret, for instance by a key's thumbprint. A rejected credential is sent again only if this has
    /// changed.
    /// </summary>
    public string? CredentialId { get; set; }

    /// <summary>The <c>Authorization</c> header of the request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue? Authorization { get; set; }

    /// <summary>Further headers of the request, for instance a <c>DPoP</c> proof.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public IDictionary<string, string> Headers => FurtherHeaders ??= new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal Dictionary<string, string>? FurtherHeaders { get; private set; }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    // Listed once, when the first response is read.
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal List<string>? Secrets { get; set; }

    /// <summary>Reads the configured client secret. A request that a test created has none: it sets <see cref="Secret"/>.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal Func<CancellationToken, ValueTask<string>>? ClientSecretReader { get; init; }

    /// <summary>The certificate that the connection of this request shows.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal TlsCertificate? Tls { get; init; }

    /// <summary>Reads the client secret as it is now, from the option or its file, and remembers it as <see cref="Secret"/>.</summary>
    /// <param name="cancellationToken">Cancelled when the time is up.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read or is empty.</exception>
    /// <exception cref="InvalidOperationException">The request was created by a test that did not set <see cref="Secret"/>.</exception>
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
    /// <param name="value">Its value, not encoded.</param>
    /// <exception cref="ArgumentException">The request already has that parameter.</exception>
    public void AddParameter(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);

        // RFC 6749 section 3.2 allows each parameter once; RFC 8707 repeats this one.
        if (name != "resource" && _parameters.Exists(parameter => parameter.Key == name))
        {
            throw new ArgumentException($"The request already has a parameter '{name}'.", nameof(name));
        }

        _parameters.Add(new(name, value));
    }

    /// <summary>Names the client, and no parameter.</summary>
    /// <returns>The name of the type and of the client.</returns>
    public override string ToString() => $"{nameof(AuthorizationServerRequest)} {{ ClientName = {Client.ClientName} }}";

    internal bool HasSameCredential(AuthorizationServerRequest other) =>
        Secret == other.Secret && CredentialId == other.CredentialId && Tls?.Thumbprint == other.Tls?.Thumbprint;

    /// <summary>A hash of the credential, to know it again without keeping it. The lengths keep fields apart.</summary>
    internal string CredentialFingerprint()
    {
        string credential = $"{Secret?.Length}:{Secret}{CredentialId?.Length}:{CredentialId}{Tls?.Thumbprint}";
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(credential)));
    }
}
