using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials;

/// <summary>One attempt at one token request, while it is being written. Not thread-safe; each attempt has its own.</summary>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<TokenRequestAttempt>))]
public sealed class TokenRequestAttempt
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    private readonly ClientName _client;
    private readonly Func<CancellationToken, ValueTask<string>> _readSecret;

    internal TokenRequestAttempt(ClientName client, ClientCredentialsOptions options, Uri tokenEndpoint, DateTimeOffset now, Func<CancellationToken, ValueTask<string>> readSecret)
    {
        Now = now;
        _client = client;
        _readSecret = readSecret;
        ClientId = options.ClientId!;
        TokenEndpoint = tokenEndpoint;
        Issuer = options.Authority;
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName => _client.Value;

    /// <summary>The client identifier.</summary>
    public string ClientId { get; }

    /// <summary>Where the request goes.</summary>
    public Uri TokenEndpoint { get; }

    /// <summary>The configured issuer identifier, if there is one.</summary>
    public string? Issuer { get; }

    /// <summary>The present time (UTC), by the library's clock.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>The signature algorithms that the server's metadata offers for assertions; <see langword="null"/> if it does not say.</summary>
    public IReadOnlyList<string>? SigningAlgorithms { get; internal init; }

    /// <summary>The client certificate as it is now, if one is configured.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Names the credential that the proof was made with, for instance by a key's thumbprint. When the server rejects it, it is read again, and tried again only if this has changed.</summary>
    public string? CredentialId { get; set; }

    /// <summary>The <c>Authorization</c> header of the request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue? Authorization { get; set; }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    // The secret behind the proof: never quoted back from a server, and compared when the server rejects it.
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal string? Secret { get; set; }

    /// <summary>The certificate that the connection of this attempt shows.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal TlsCertificate? Tls { get; init; }

    /// <summary>The client secret as it is now: the option, or the content of its file.</summary>
    /// <param name="cancellationToken">Ends when the attempt's time is up.</param>
    /// <returns>The secret.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read or holds no secret.</exception>
    public async ValueTask<string> ReadClientSecretAsync(CancellationToken cancellationToken) =>
        Secret = await _readSecret(cancellationToken).ConfigureAwait(false);

    /// <summary>Reads a file with a credential as the library reads its own: 64 KiB at most, with errors that name file and option.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The name of the option that holds its path.</param>
    /// <param name="cancellationToken">Ends when the attempt's time is up.</param>
    /// <returns>The content, at least one byte.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read, or is empty or too large.</exception>
    public ValueTask<byte[]> ReadCredentialFileAsync(string path, string option, CancellationToken cancellationToken) =>
        new CredentialFile(_client, option, path).ReadAsync(cancellationToken);

    /// <summary>An error for a credential that cannot be used: which client it is of, what is wrong, which option to change.</summary>
    /// <param name="problem">What is wrong, as the end of a sentence; nothing secret.</param>
    /// <param name="option">The name of the option to change. Its configuration path is told.</param>
    /// <param name="isTransient">Whether it may be mended without a change of configuration, for instance in a file.</param>
    /// <param name="innerException">The cause.</param>
    /// <returns>The exception to throw.</returns>
    public TokenRequestException Unusable(string problem, string option, bool isTransient = false, Exception? innerException = null) =>
        new($"{_client} got no token: {problem}. See {_client.Option(option)}.", innerException!) { ClientName = _client.Value, IsTransient = isTransient };

    /// <summary>Adds a parameter to the form body.</summary>
    /// <param name="name">The parameter's name.</param>
    /// <param name="value">Its value, not yet encoded.</param>
    /// <exception cref="ArgumentException">The request has that parameter already.</exception>
    public void AddParameter(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);

        // RFC 6749 section 3.2 allows each once; RFC 8707 repeats this one.
        if (name != "resource" && _parameters.Exists(parameter => parameter.Key == name))
        {
            throw new ArgumentException($"The token request has a parameter '{name}' already.", nameof(name));
        }

        _parameters.Add(new(name, value));
    }

    internal bool HasSameCredential(TokenRequestAttempt other) =>
        Secret == other.Secret && CredentialId == other.CredentialId && Tls?.Thumbprint == other.Tls?.Thumbprint;

    /// <summary>Names the client and the endpoint, and no parameter.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() => $"{nameof(TokenRequestAttempt)} {{ ClientName = {ClientName} }}";
}
