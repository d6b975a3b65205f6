using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials;

/// <summary>One attempt at one token request, while it is being written. Not thread-safe; each attempt has its own.</summary>
[DebuggerDisplay("{ToString(),nq}")]
[JsonConverter(typeof(RefuseToSerialize<TokenRequestAttempt>))]
public sealed class TokenRequestAttempt
{
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    private readonly List<KeyValuePair<string, string>> _parameters = [];

    internal TokenRequestAttempt(string clientName, string clientId, Uri tokenEndpoint, string? issuer)
    {
        ClientName = clientName;
        ClientId = clientId;
        TokenEndpoint = tokenEndpoint;
        Issuer = issuer;
    }

    /// <summary>The registered name of the client; empty for the default client.</summary>
    public string ClientName { get; }

    /// <summary>The client identifier.</summary>
    public string ClientId { get; }

    /// <summary>Where the request goes.</summary>
    public Uri TokenEndpoint { get; }

    /// <summary>The configured issuer identifier, if there is one.</summary>
    public string? Issuer { get; }

    /// <summary>The <c>Authorization</c> header of the request.</summary>
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    public AuthenticationHeaderValue? Authorization { get; set; }

    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal IReadOnlyList<KeyValuePair<string, string>> Parameters => _parameters;

    // The secret behind the proof: never quoted back from a server, and compared when the server rejects it.
    [DebuggerBrowsable(DebuggerBrowsableState.Never)]
    internal string? Secret { get; set; }

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

    /// <summary>Names the client and the endpoint, and no parameter.</summary>
    /// <returns>A text for people.</returns>
    public override string ToString() => $"{nameof(TokenRequestAttempt)} {{ ClientName = {ClientName} }}";
}
