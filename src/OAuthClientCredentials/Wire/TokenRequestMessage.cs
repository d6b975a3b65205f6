namespace OAuthClientCredentials.Wire;

internal static class TokenRequestMessage
{
    private static readonly string[] SecretParameters = ["client_secret", "client_assertion"];

    public static HttpRequestMessage Create(TokenRequestAttempt attempt)
    {
        HttpRequestMessage message = new(HttpMethod.Post, attempt.TokenEndpoint) { Content = new FormUrlEncodedContent(attempt.Parameters) };
        message.Headers.Authorization = attempt.Authorization;
        return message;
    }

    /// <summary>Everything secret in the attempt, in each form in which a server could echo it.</summary>
    public static List<string> Secrets(TokenRequestAttempt attempt)
    {
        List<string> secrets = [];
        if (attempt.Authorization?.Parameter is { Length: > 0 } authorization)
        {
            secrets.Add(authorization);
        }

        foreach (string value in attempt.Parameters.Where(parameter => SecretParameters.Contains(parameter.Key)).Select(parameter => parameter.Value).Append(attempt.Secret ?? ""))
        {
            if (value.Length > 0)
            {
                secrets.Add(value);
                secrets.Add(FormEncoding.Encode(value));
                secrets.Add(Uri.EscapeDataString(value));
                secrets.Add(Uri.EscapeDataString(FormEncoding.Encode(value)));
                secrets.Add(FormEncoding.Base64($"{attempt.ClientId}:{value}"));
            }
        }

        return secrets;
    }
}
