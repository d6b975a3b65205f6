using System.Net.Http.Headers;
using System.Text;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>The form of a token request and the client's credential. The parameters contain no secret.</summary>
internal sealed class TokenRequestForm
{
    private TokenRequestForm(string? clientId, string? credential, string method, List<KeyValuePair<string, string>> parameters)
    {
        ClientId = clientId;
        Credential = credential;
        AuthenticationMethod = method;
        Parameters = [.. parameters.Select(Redact)];
    }

    public string? ClientId { get; }

    public string? Credential { get; }

    public string AuthenticationMethod { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; }

    public static async Task<TokenRequestForm> ReadAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string body = "";
        if (request.Content is not null)
        {
            body = await request.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
        }

        return Create(request.Headers.Authorization, Parse(body));
    }

    public static List<KeyValuePair<string, string>> Parse(string form) =>
        [.. form.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(ParseParameter)];

    private static KeyValuePair<string, string> ParseParameter(string text)
    {
        string[] parts = text.Split('=', 2);
        return new(Decode(parts[0]), parts.Length == 2 ? Decode(parts[1]) : "");
    }

    private static TokenRequestForm Create(AuthenticationHeaderValue? authorization, List<KeyValuePair<string, string>> parameters)
    {
        if (authorization is { Scheme: "Basic", Parameter: { } basic })
        {
            return FromBasic(basic, parameters);
        }

        string? clientId = Find("client_id");
        if (Find("client_secret") is { } secret)
        {
            return new(clientId, secret, "client_secret_post", parameters);
        }

        if (Find("client_assertion") is { } assertion)
        {
            bool isSvid = Find("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
            return new(clientId, assertion, isSvid ? "spiffe_jwt" : "private_key_jwt", parameters);
        }

        return new(clientId, null, "none", parameters);

        string? Find(string name) => parameters.Find(parameter => parameter.Key == name).Value;
    }

    private static TokenRequestForm FromBasic(string basic, List<KeyValuePair<string, string>> parameters)
    {
        byte[] bytes = new byte[basic.Length];
        if (!Convert.TryFromBase64String(basic, bytes, out int length))
        {
            return new("", null, "client_secret_basic", parameters);
        }

        string[] parts = Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2);
        string? secret = parts.Length == 2 ? Decode(parts[1]) : null;
        return new(Decode(parts[0]), secret, "client_secret_basic", parameters);
    }

    private static string Decode(string value) => Uri.UnescapeDataString(value.Replace('+', ' '));

    private static KeyValuePair<string, string> Redact(KeyValuePair<string, string> parameter)
    {
        if (parameter.Key is "client_secret" or "client_assertion")
        {
            return new(parameter.Key, "***");
        }

        return parameter;
    }
}
