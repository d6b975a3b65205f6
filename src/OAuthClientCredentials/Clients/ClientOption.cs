namespace OAuthClientCredentials.Clients;

/// <summary>What an option is for. The role decides what a change of its value means.</summary>
internal enum OptionRole
{
    /// <summary>Tunes requests. A change keeps the token and the credential.</summary>
    Tuning,

    /// <summary>Shapes the token. Values that differ never share a token .</summary>
    ShapesToken,

    /// <summary>Proves the client. A change keeps the valid token and makes its renewal due .</summary>
    Credential,

    /// <summary>Selects the client certificate: a credential that also shapes tokens requested over mutual TLS, which may be bound to
    /// it.</summary>
    Certificate,
}

/// <summary>One option, with its role.</summary>
/// <param name="Name">The property's name, or the name of the method that sets the value in code.</param>
/// <param name="Role">What the option is for.</param>
/// <param name="Value">Reads the value.</param>
internal sealed record ClientOption(string Name, OptionRole Role, Func<ClientCredentialsOptions, object?> Value)
{
    /// <summary>Reads the value that takes the option's place in a token request, for options that one request can replace.</summary>
    public Func<TokenRequest, object?>? OfRequest { get; init; }

    /// <summary>Whether only code can set the value, by a method.</summary>
    public bool IsSetInCode { get; init; }

    public bool IsCredential => Role is OptionRole.Credential or OptionRole.Certificate;

    public bool ShapesToken(bool isByMutualTls) =>
        Role == OptionRole.ShapesToken || (Role == OptionRole.Certificate && isByMutualTls);

    public bool IsSame(ClientCredentialsOptions left, ClientCredentialsOptions right) => (Value(left), Value(right)) switch
    {
        (IEnumerable<string> lefts, IEnumerable<string> rights) => lefts.SequenceEqual(rights, StringComparer.Ordinal),
        (IDictionary<string, string> lefts, IDictionary<string, string> rights) =>
            lefts.Count == rights.Count && lefts.All(rights.Contains),
        var (one, other) => Equals(one, other),
    };
}
