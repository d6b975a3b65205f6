using System.Diagnostics;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials;

/// <summary>What an authentication or a binding may know of the client that it works for. Thread-safe.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class ClientContext
{
    private readonly ClientName _name;
    private readonly ClientSecret _secret;

    /// <summary>Creates the context of a client, for instance to test an authentication of your own.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="options">The client's options. They are not validated here.</param>
    /// <param name="timeProvider">The clock. Defaults to the system's.</param>
    public ClientContext(string clientName, ClientCredentialsOptions options, TimeProvider? timeProvider = null)
        : this(new ClientName(clientName, $"ClientCredentials:{clientName}"), options, timeProvider ?? TimeProvider.System)
    {
        ArgumentNullException.ThrowIfNull(clientName);
    }

    internal ClientContext(ClientName name, ClientCredentialsOptions options, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(options);
        _name = name;
        _secret = new(name, options);
        ClientId = options.ClientId ?? "";
        Issuer = options.Authority;
        TimeProvider = timeProvider;
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName => _name.Value;

    /// <summary>The client identifier (RFC 6749 section 2.2).</summary>
    public string ClientId { get; }

    /// <summary>The configured issuer identifier, if there is one.</summary>
    public string? Issuer { get; }

    /// <summary>The clock of the library.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>
    /// Reads a file with a credential as the library reads its own: at most 64 KiB, with errors that name the file and the option.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The name of the option that holds its path.</param>
    /// <param name="cancellationToken">Cancelled when the time is up.</param>
    /// <returns>The content, at least one byte.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read, or is empty or too large.</exception>
    public ValueTask<byte[]> ReadCredentialFileAsync(string path, string option, CancellationToken cancellationToken) =>
        new CredentialFile(_name, option, path).ReadAsync(cancellationToken);

    /// <summary>
    /// Creates an error for a credential that cannot be used. Its message names the client, what is wrong, and the option to change.
    /// </summary>
    /// <param name="problem">What is wrong, as the end of a sentence; nothing secret.</param>
    /// <param name="option">The name of the option to change. The message has its configuration path.</param>
    /// <param name="isTransient">Whether a later attempt can succeed without a change of configuration, for instance because a file is
    /// replaced.</param>
    /// <param name="innerException">The cause.</param>
    /// <returns>The exception to throw.</returns>
    public TokenRequestException Unusable(string problem, string option, bool isTransient = false, Exception? innerException = null) =>
        new($"{_name} could not get a token: {problem}. See {_name.Option(option)}.", innerException!)
        {
            ClientName = _name.Value,
            IsTransient = isTransient,
        };

    /// <summary>Names the client.</summary>
    /// <returns>The name of the type and of the client.</returns>
    public override string ToString() => $"{nameof(ClientContext)} {{ ClientName = {ClientName}, ClientId = {ClientId} }}";

    internal ValueTask<string> ReadSecretAsync(CancellationToken cancellationToken) => _secret.ReadAsync(cancellationToken);
}
