using System.Diagnostics;
using System.Text.Json.Serialization;
using Polly;

namespace OAuthClientCredentials;

/// <summary>What one named client is: who it is, where it gets its token, and what the token is for.</summary>
/// <remarks>
/// Every property can be set from configuration; lists and dictionaries bind as usual, and a list may also be a single string.
/// Values are validated when the host starts. Treat an instance as frozen once it has been configured.
/// </remarks>
[DebuggerDisplay("{ToString(),nq}")]
public sealed class ClientCredentialsOptions
{
    /// <summary>The issuer identifier of the authorization server, from which its metadata is discovered (RFC 8414). Set this or <see cref="TokenEndpoint"/>.</summary>
    public string? Authority { get; set; }

    /// <summary>The address of the metadata document, for servers that publish it elsewhere than RFC 8414 says. Needs <see cref="Authority"/>.</summary>
    public string? MetadataAddress { get; set; }

    /// <summary>The token endpoint (RFC 6749 section 3.2): absolute, https (http for loopback), no fragment, no user info. A query is kept.</summary>
    public string? TokenEndpoint { get; set; }

    /// <summary>The client identifier (RFC 6749 section 2.2).</summary>
    public string? ClientId { get; set; }

    /// <summary>The client secret. Keep it in a secret store: <c>IConfigurationRoot.GetDebugView()</c> prints whatever configuration holds.</summary>
    [JsonIgnore]
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public string? ClientSecret { get; set; }

    /// <summary>A file that holds the client secret. It is read at each token request, and exactly one trailing line break is dropped.</summary>
    public string? ClientSecretFile { get; set; }

    /// <summary>How the client proves itself, by the IANA name: <c>client_secret_basic</c>, <c>client_secret_post</c> or <c>none</c>.</summary>
    /// <value>Unset means <c>client_secret_basic</c>.</value>
    public string? AuthenticationMethod { get; set; }

    /// <summary>How <c>client_secret_basic</c> encodes id and secret.</summary>
    /// <value>Defaults to <see cref="BasicEncoding.Rfc6749"/>.</value>
    public BasicEncoding BasicEncoding { get; set; }

    /// <summary>The scopes asked for (RFC 6749 section 3.3). An entry may hold several, separated by single spaces; order and repetition do not matter.</summary>
    /// <value>Defaults to none: the server decides.</value>
#pragma warning disable CA2227 // Options are set with `o.Scopes = [...]`, and the configuration binder fills them.
    public IList<string> Scopes { get; set; } = [];

    /// <summary>The resources the token is for (RFC 8707): absolute URIs without a fragment.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> Resources { get; set; } = [];

    /// <summary>The <c>audience</c> parameter that some servers want.</summary>
    public string? Audience { get; set; }

    /// <summary>The <c>authorization_details</c> parameter (RFC 9396): a JSON array.</summary>
    public string? AuthorizationDetails { get; set; }

    /// <summary>Further token request parameters. They may not repeat one that the library sends.</summary>
    public IDictionary<string, string> Parameters { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Hosts besides the issuer's own (and its subdomains) that discovered endpoints may have.</summary>
    /// <value>Defaults to none.</value>
    public IList<string> AllowedEndpointHosts { get; set; } = [];
#pragma warning restore CA2227

    /// <summary>Accepts plain http for endpoints and APIs that are not loopback, for a network that encrypts beneath (a service mesh).</summary>
    /// <value>Defaults to <see langword="false"/>.</value>
    public bool AllowInsecureHttp { get; set; }

    /// <summary>The most time that getting one token may take, attempts and waits between them included.</summary>
    /// <value>Defaults to 30 seconds.</value>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The most time that one attempt may take.</summary>
    /// <value>Defaults to 10 seconds.</value>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many attempts may follow a first one that failed for a passing reason, while callers wait. A renewal behind the calls makes one attempt at a time.</summary>
    /// <value>Defaults to 2.</value>
    public int MaxRetries { get; set; } = 2;

    /// <summary>How many tokens may be requested from one server at a time, by all clients that have the same number. More wait for their turn, within <see cref="Timeout"/>.</summary>
    /// <value>Defaults to 10.</value>
    public int MaxConcurrentRequests { get; set; } = 10;

    /// <summary>The longest <c>Retry-After</c> that is obeyed; a longer one counts as this.</summary>
    /// <value>Defaults to 60 seconds; at most one hour.</value>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest response body that is read from the authorization server, in bytes after decompression.</summary>
    /// <value>Defaults to 256 KiB; at most 1 MiB.</value>
    public int MaxResponseBytes { get; set; } = 256 * 1024;

    /// <summary>The lifetime of a token whose response has no <c>expires_in</c>.</summary>
    /// <value>Defaults to 5 minutes.</value>
    public TimeSpan DefaultLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest lifetime that is believed; a longer one counts as this.</summary>
    /// <value>Defaults to 24 hours.</value>
    public TimeSpan MaxLifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Makes a token with fewer scopes than asked for an error.</summary>
    /// <value>Defaults to <see langword="false"/>: the difference is logged.</value>
    public bool RequireAllScopes { get; set; }

    /// <summary>Accepts only access tokens in the b64token syntax of RFC 6750 section 2.1.</summary>
    /// <value>Defaults to <see langword="false"/>: any printable ASCII without spaces, as real servers issue it.</value>
    public bool RequireBearerSyntax { get; set; }

    // Fields, because the configuration binder takes every property.
    internal ClientAuthentication? Authentication;

    internal ResiliencePipeline? Pipeline;

    /// <summary>Proves the client in a way of your own, instead of <see cref="AuthenticationMethod"/>.</summary>
    /// <param name="authentication">Used by many token requests at once: it must be thread-safe.</param>
    public void UseAuthentication(ClientAuthentication authentication)
    {
        ArgumentNullException.ThrowIfNull(authentication);
        Authentication = authentication;
    }

    /// <summary>Replaces the retries and the attempt timeout by a pipeline of your own. <see cref="Timeout"/> still bounds the whole.</summary>
    /// <param name="pipeline">It sees each failed attempt as a <see cref="TokenRequestException"/>, whose <see cref="TokenRequestException.IsTransient"/> tells whether another can help.</param>
    public void UseResiliencePipeline(ResiliencePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        Pipeline = pipeline;
    }

    /// <summary>Names the client and its server, and nothing secret.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() => $"{nameof(ClientCredentialsOptions)} {{ ClientId = {ClientId}, Server = {Authority ?? TokenEndpoint} }}";
}
