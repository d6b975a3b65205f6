using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

internal static class TokenRequestMessage
{
    private static readonly string[] SecretParameters = ["client_secret", "client_assertion"];

    public static HttpRequestMessage Create(AuthorizationServerRequest attempt)
    {
        HttpRequestMessage message = new(HttpMethod.Post, attempt.Endpoint)
        {
            Content = new FormUrlEncodedContent(attempt.Parameters),
        };
        message.Headers.Authorization = attempt.Authorization;
        foreach ((string name, string value) in attempt.FurtherHeaders ?? [])
        {
            message.Headers.Add(name, value);
        }

        return message;
    }

    /// <summary>Everything secret in a written request. <see cref="ServerText"/> finds it in whatever form a server echoes it.</summary>
    public static List<string> Secrets(AuthorizationServerRequest attempt) => attempt.Secrets ??= ListSecrets(attempt);

    private static List<string> ListSecrets(AuthorizationServerRequest attempt)
    {
        List<string> secrets = [];
        if (attempt.Authorization?.Parameter is { Length: > 0 } authorization)
        {
            secrets.Add(authorization);
            secrets.Add(authorization.TrimEnd('='));
        }

        IEnumerable<string> values = attempt.Parameters
            .Where(parameter => SecretParameters.Contains(parameter.Key))
            .Select(parameter => parameter.Value)
            .Append(attempt.Secret ?? "");
        foreach (string value in values.Where(value => value.Length > 0).Distinct(StringComparer.Ordinal))
        {
            // A very short value is searched for as it stands in a form, and in base64 only together with the id.
            secrets.Add(value);
            secrets.Add(FormEncoding.Encode(value));
            secrets.Add($"{attempt.Client.ClientId}:{value}");
        }

        return secrets;
    }
}
