using System.Diagnostics;
using System.Net;

namespace OAuthClientCredentials;

/// <summary>A client, as a <see cref="ClientAuthentication"/> or a <see cref="TokenBinding"/> sees it. Immutable and thread-safe.</summary>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class ClientContext
{
    private const int MaxFileBytes = 64 * 1024;

    // The shortest private key, Ed25519 in Base64, has 64 characters.
    private const int MaxRelativePath = 60;

    // Most errors without a response are those of a credential.
    private const string CredentialKind = "credential";

    private readonly string _optionsPath;

    /// <summary>Creates the context of a client, for instance to test your own <see cref="ClientAuthentication"/>.</summary>
    /// <param name="clientName">The registered name of the client; empty for the default client.</param>
    /// <param name="clientId">The client identifier.</param>
    /// <param name="issuer">The configured issuer identifier, if there is one.</param>
    /// <param name="timeProvider">The clock. Defaults to the system clock.</param>
    public ClientContext(string clientName, string clientId, string? issuer = null, TimeProvider? timeProvider = null)
        : this(clientName, $"ClientCredentials:{clientName}".TrimEnd(':'), clientId, issuer, timeProvider ?? TimeProvider.System)
    {
    }

    internal ClientContext(string clientName, string optionsPath, string clientId, string? issuer, TimeProvider timeProvider)
    {
        ArgumentNullException.ThrowIfNull(clientName);
        ArgumentNullException.ThrowIfNull(clientId);
        _optionsPath = optionsPath;
        ClientName = clientName;
        MetricName = clientName;
        ClientId = clientId;
        Issuer = issuer;
        TimeProvider = timeProvider;
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName { get; }

    /// <summary>The client identifier (RFC 6749 section 2.2).</summary>
    public string ClientId { get; }

    /// <summary>The configured issuer identifier, if there is one.</summary>
    public string? Issuer { get; }

    /// <summary>The clock of the library.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>
    /// The client's name in metrics and traces. All clients that are known at run time only share a name, because there can be any number
    /// of them.
    /// </summary>
    internal string MetricName { get; init; }

    /// <summary>Whether the requests of this context revoke tokens. Messages say so.</summary>
    internal bool IsForRevocation { get; private init; }

    /// <summary>The client's name in messages.</summary>
    internal string DisplayName => DisplayNameOf(ClientName);

    /// <summary>
    /// Reads a credential file of at most 64 KiB. Errors name the file and the option. The file is read at each call and not watched,
    /// because Kubernetes replaces a symbolic link, which a file watcher does not see.
    /// </summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="option">The name of the option that holds the path.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <returns>The content of the file, at least one byte.</returns>
    /// <exception cref="TokenRequestException">The file cannot be read, or is empty or too large.</exception>
    public async ValueTask<byte[]> ReadCredentialFileAsync(string path, string option, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            FileStream stream = File.OpenRead(path);
            await using (stream.ConfigureAwait(false))
            {
                // The length is that of the bytes read, because a device does not report a length.
                byte[] buffer = new byte[MaxFileBytes + 1];
                int length = await stream
                    .ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)
                    .ConfigureAwait(false);
                return length switch
                {
                    0 => throw UnusableFile(path, option, "is empty"),
                    > MaxFileBytes => throw UnusableFile(path, option, $"is larger than {MaxFileBytes} bytes"),
                    _ => buffer[..length],
                };
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, option, exception);
        }
    }

    /// <summary>
    /// Creates an error for a credential that cannot be used. Its message names the client, the problem and the option to change.
    /// </summary>
    /// <param name="problem">What is wrong, as the end of a sentence. It must not contain a secret.</param>
    /// <param name="option">The name of the option to change. The message contains its configuration path.</param>
    /// <param name="isTransient">Whether a later attempt can succeed without a configuration change, for instance after a file was
    /// replaced.</param>
    /// <param name="innerException">The cause.</param>
    /// <returns>The exception to throw.</returns>
    public TokenRequestException Unusable(string problem, string option, bool isTransient = false, Exception? innerException = null) =>
        Error($": {problem}. See {Option(option)}.", isTransient, innerException);

    /// <summary>Names the client.</summary>
    /// <returns>The type name, the client name and the client id.</returns>
    public override string ToString() => $"{nameof(ClientContext)} {{ ClientName = {ClientName}, ClientId = {ClientId} }}";

    internal static string DisplayNameOf(string clientName) => clientName.Length == 0 ? "The default client" : $"Client '{clientName}'";

    /// <summary>The configuration path of an option of this client.</summary>
    internal string Option(string property) => $"{_optionsPath}:{property}";

    /// <summary>The error for a credential file. It is transient: the file may be replaced at any time .</summary>
    internal TokenRequestException UnusableFile(string path, string option, string problem, Exception? innerException = null) =>
        Error($": the file '{path}' {problem}. Fix the file, or change {Option(option)}.", isTransient: true, innerException);

    private TokenRequestException Unreadable(string path, string option, Exception exception)
    {
        // The option may hold the credential itself. Neither this message nor that of the cause may quote it.
        if (!Path.IsPathFullyQualified(path) && !Path.Exists(path))
        {
            if (path.Length > MaxRelativePath)
            {
                return Unusable($"{option} must be the path of a file, but its value seems to be the content", option);
            }

            string problemOfPath = $"the file that {option} names does not exist in the working directory. Set the full path";
            return Unusable(problemOfPath, option, isTransient: true);
        }

        string problem = exception switch
        {
            FileNotFoundException or DirectoryNotFoundException => "does not exist",
            UnauthorizedAccessException when Directory.Exists(path) => "is a directory",
            UnauthorizedAccessException => "cannot be read: the process does not have permission",
            _ => "cannot be read",
        };
        return UnusableFile(path, option, problem, exception);
    }

    /// <summary>The same client for requests that revoke tokens.</summary>
    internal ClientContext ForRevocation() =>
        new(ClientName, _optionsPath, ClientId, Issuer, TimeProvider) { MetricName = MetricName, IsForRevocation = true };

    /// <summary>The beginning of the message about a request that failed: the client, and what it could not do.</summary>
    internal string DescribeFailure(Uri? endpoint = null)
    {
        string action = IsForRevocation ? "could not revoke its token" : "could not get a token";
        if (endpoint is null)
        {
            return $"{DisplayName} {action}";
        }

        string preposition = IsForRevocation ? "at" : "from";
        return $"{DisplayName} {action} {preposition} {endpoint.GetLeftPart(UriPartial.Path)}";
    }

    /// <summary>The error of a request to an endpoint.</summary>
    internal TokenRequestException Failed(
        Uri endpoint,
        string what,
        string remedy,
        HttpStatusCode? status = null,
        bool isTransient = false,
        Exception? innerException = null,
        TimeSpan? retryAfter = null,
        string? kind = null) =>
        new($"{DescribeFailure(endpoint)}: {what}. {remedy}", innerException!)
        {
            ClientName = ClientName,
            StatusCode = status,
            RetryAfter = retryAfter,
            IsTransient = isTransient,
            Kind = kind,
        };

    /// <summary>An error whose message starts with the client.</summary>
    internal TokenRequestException Error(
        string problemAndRemedy,
        bool isTransient,
        Exception? innerException = null,
        string kind = CredentialKind) =>
        new($"{DescribeFailure()}{problemAndRemedy}", innerException!)
        {
            ClientName = ClientName,
            IsTransient = isTransient,
            Kind = kind,
        };
}
