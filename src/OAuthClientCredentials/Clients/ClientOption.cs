namespace OAuthClientCredentials.Clients;

/// <summary>The effect of an option, and so of a change of its value.</summary>
internal enum OptionRole
{
    /// <summary>How tokens are requested. A change keeps the token and the credential.</summary>
    Tuning,

    /// <summary>Which token is requested. Clients or requests with different values never share a token .</summary>
    ShapesToken,

    /// <summary>How the client authenticates. After a change, a valid token stays in use and its renewal is due .</summary>
    Credential,

    /// <summary>The client certificate: a credential that also shapes tokens over mutual TLS, which may be bound to it.</summary>
    Certificate,
}

/// <summary>An option and its role.</summary>
/// <param name="Name">The name of the property, or of the method that sets the value in code.</param>
/// <param name="Role">The role of the option.</param>
/// <param name="Value">Returns the option's value.</param>
internal sealed record ClientOption(string Name, OptionRole Role, Func<ClientCredentialsOptions, object?> Value)
{
    /// <summary>Returns the value in a token request; null for an option that a request cannot replace.</summary>
    public Func<TokenRequest, object?>? OfRequest { get; init; }

    /// <summary>Whether only a method can set the value, not configuration.</summary>
    public bool IsSetInCode { get; init; }

    public bool IsCredential => Role is OptionRole.Credential or OptionRole.Certificate;

    public bool ShapesToken(bool isByMutualTls) =>
        Role == OptionRole.ShapesToken || (Role == OptionRole.Certificate && isByMutualTls);

    /// <summary>The value for a request: that of the request if it can replace the option, otherwise that of the options.</summary>
    /// <param name="options">The client's options.</param>
    /// <param name="resolved">The request, with the client's options filled in.</param>
    public object? ValueIn(ClientCredentialsOptions options, TokenRequest resolved)
    {
        if (OfRequest is not null)
        {
            return OfRequest(resolved);
        }

        return Value(options);
    }

    public bool IsSame(ClientCredentialsOptions left, ClientCredentialsOptions right) => (Value(left), Value(right)) switch
    {
        (IEnumerable<string> lefts, IEnumerable<string> rights) => lefts.SequenceEqual(rights, StringComparer.Ordinal),
        (IDictionary<string, string> lefts, IDictionary<string, string> rights) =>
            lefts.Count == rights.Count && lefts.All(rights.Contains),
        var (one, other) => Equals(one, other),
    };
}
