using System.Text;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>A token request read as a server reads it: its form, and how the client proves itself.</summary>
internal sealed class TokenRequestForm
{
    private TokenRequestForm(string? clientId, string? credential, string method, List<KeyValuePair<string, string>> parameters)
    {
        ClientId = clientId;
        Credential = credential;
        AuthenticationMethod = method;
        Parameters = [.. parameters.Select(pair => pair.Key is "client_secret" or "client_assertion" ? new(pair.Key, "***") : pair)];
    }

    public string? ClientId { get; }

    public string? Credential { get; }

    public string AuthenticationMethod { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }

    public static async Task<TokenRequestForm> ReadAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        List<KeyValuePair<string, string>> parameters = [.. body.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(Decode(pair[0]), Decode(pair.Length > 1 ? pair[1] : "")))];
        string? Find(string name) => parameters.Find(pair => pair.Key == name).Value;
        return request.Headers.Authorization is { Scheme: "Basic", Parameter: { } basic } ? FromBasic(basic, parameters)
            : Find("client_secret") is { } secret ? new(Find("client_id"), secret, "client_secret_post", parameters)
            : Find("client_assertion") is { } assertion ? new(Find("client_id"), assertion, "private_key_jwt", parameters)
            : new(Find("client_id"), null, "none", parameters);
    }

    private static TokenRequestForm FromBasic(string basic, List<KeyValuePair<string, string>> parameters)
    {
        byte[] bytes = new byte[basic.Length];
        string[] parts = Convert.TryFromBase64String(basic, bytes, out int length) ? Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) : [""];
        return new(Decode(parts[0]), parts.Length > 1 ? Decode(parts[1]) : null, "client_secret_basic", parameters);
    }

    private static string Decode(string value) => Uri.UnescapeDataString(value.Replace('+', ' '));
}
