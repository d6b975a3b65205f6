using System.Globalization;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>A token request that a <see cref="TestAuthorizationServer"/> received. No property contains a secret. Immutable.</summary>
public sealed class TestTokenRequest
{
    private readonly string? _credential;

    internal TestTokenRequest(int number, DateTimeOffset at, TokenRequestForm form, Rejection? proofRejection)
    {
        Number = number;
        At = at;
        ClientId = form.ClientId;
        AuthenticationMethod = form.AuthenticationMethod;
        Parameters = form.Parameters;
        _credential = form.Credential;
        DPoPError = proofRejection?.ToString();
    }

    /// <summary>The number of the request. The first request has number 1.</summary>
    public int Number { get; }

    /// <summary>When the request was received (UTC), by the server's clock.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The client identifier from the Authorization header or the form; <see langword="null"/> if the request has none.</summary>
    public string? ClientId { get; }

    /// <summary>
    /// The name of the client's authentication method: <c>client_secret_basic</c>, <c>client_secret_post</c>, <c>spiffe_jwt</c>,
    /// <c>private_key_jwt</c> for any other assertion, or <c>none</c>.
    /// </summary>
    public string AuthenticationMethod { get; }

    /// <summary>
    /// The form parameters in their order. The values of <c>client_secret</c> and <c>client_assertion</c> are replaced by <c>***</c>.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }

    /// <summary>The requested scopes.</summary>
    public IReadOnlyList<string> Scopes => (this["scope"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>
    /// The error code and the reason if the request has no valid DPoP proof, for example <c>invalid_dpop_proof: jti was used before.</c>;
    /// <see langword="null"/> if its proof is valid, or if it has none and needs none.
    /// </summary>
    public string? DPoPError { get; }

    internal string Outcome { get; set; } = "no response yet";

    /// <summary>The value of a form parameter: the first value if there are several, <see langword="null"/> if there is none.</summary>
    /// <param name="parameter">The name of the parameter.</param>
    public string? this[string parameter] => Parameters.FirstOrDefault(pair => pair.Key == parameter).Value;

    /// <summary>Returns whether the client authenticated with this secret or assertion.</summary>
    /// <param name="secret">The secret or assertion.</param>
    /// <returns><see langword="true"/> if the request contained it as its credential; otherwise <see langword="false"/>.</returns>
    public bool Used(string secret) => _credential == secret;

    /// <summary>Describes the request and its response in one line, without secrets.</summary>
    /// <returns>The number, time, client, method, parameters, response status and DPoP error of the request.</returns>
    public override string ToString()
    {
        IEnumerable<string> parameters = Parameters.Where(pair => pair.Key != "client_id").Select(pair => $"{pair.Key}={pair.Value}");
        string time = At.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        string number = Number.ToString(CultureInfo.InvariantCulture);
        string line = $"{number}. {time} {ClientId ?? "(no client_id)"} {AuthenticationMethod} {string.Join(' ', parameters)} -> {Outcome}";
        return DPoPError is null ? line : $"{line} {DPoPError}";
    }
}
