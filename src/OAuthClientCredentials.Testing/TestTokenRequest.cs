using System.Globalization;
using OAuthClientCredentials.Testing.Server;

namespace OAuthClientCredentials.Testing;

/// <summary>A token request as it reached a <see cref="TestAuthorizationServer"/>. It holds no secret in a place that is printed. Immutable.</summary>
public sealed class TestTokenRequest
{
    private readonly string? _credential;

    internal TestTokenRequest(int number, DateTimeOffset at, TokenRequestForm form)
    {
        Number = number;
        At = at;
        ClientId = form.ClientId;
        AuthenticationMethod = form.AuthenticationMethod;
        Parameters = form.Parameters;
        _credential = form.Credential;
    }

    /// <summary>Its number, the first being 1.</summary>
    public int Number { get; }

    /// <summary>When it came (UTC), by the server's clock.</summary>
    public DateTimeOffset At { get; }

    /// <summary>The client identifier, wherever in the request it stood; <see langword="null"/> if nowhere.</summary>
    public string? ClientId { get; }

    /// <summary>How the client proved itself, by the IANA name: <c>client_secret_basic</c>, <c>client_secret_post</c>, <c>private_key_jwt</c> for any assertion, or <c>none</c>.</summary>
    public string AuthenticationMethod { get; }

    /// <summary>The form parameters in their order; the values of <c>client_secret</c> and <c>client_assertion</c> are <c>***</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }

    /// <summary>The scopes that were asked for.</summary>
    public IReadOnlyList<string> Scopes => (this["scope"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);

    internal string Outcome { get; set; } = "no answer yet";

    /// <summary>The value of a parameter, the first if there are several, or <see langword="null"/>.</summary>
    /// <param name="parameter">The parameter's name.</param>
    public string? this[string parameter] => Parameters.FirstOrDefault(pair => pair.Key == parameter).Value;

    /// <summary>Whether it proved the client with this secret, or this assertion.</summary>
    /// <param name="secret">The secret.</param>
    /// <returns><see langword="true"/> if so.</returns>
    public bool Used(string secret) => _credential == secret;

    /// <summary>What came and how it was answered, without any secret.</summary>
    /// <returns>A line for people.</returns>
    public override string ToString()
    {
        string parameters = string.Join(' ', Parameters.Where(pair => pair.Key != "client_id").Select(pair => $"{pair.Key}={pair.Value}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Number}. {At:HH:mm:ss.fff} {ClientId ?? "(no client_id)"} {AuthenticationMethod} {parameters} -> {Outcome}");
    }
}
