using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>The HTTP message of a token request or revocation request.</summary>
internal static class TokenRequestMessage
{
    private static readonly string[] SecretParameters = ["client_secret", "client_assertion", "token"];

    public static HttpRequestMessage Create(AuthorizationServerRequest request)
    {
        HttpRequestMessage message = new(HttpMethod.Post, request.Endpoint)
        {
            Content = new FormUrlEncodedContent(request.Parameters),
        };
        message.Headers.Authorization = request.Authorization;
        foreach ((string name, string value) in request.FurtherHeaders ?? [])
        {
            message.Headers.Add(name, value);
        }

        return message;
    }

    /// <summary>Sends the message of a request with the limits and TLS settings of its client.</summary>
    /// <exception cref="TokenRequestException">There was no response, or it is a redirect or too large.</exception>
    public static ValueTask<EndpointResponse> SendAsync(
        EndpointClient endpoint,
        HttpRequestMessage message,
        AuthorizationServerRequest request,
        ClientSettings settings,
        CancellationToken cancellationToken) => endpoint.SendAsync(
        message,
        request.Tls ?? Fapi2Profile.TlsOf(settings.Options),
        () => Secrets(request),
        settings.Context,
        settings.Options.MaxResponseBytes,
        cancellationToken);

    /// <summary>All secrets in a written request. <see cref="ServerText"/> removes them from what the server returns.</summary>
    public static List<string> Secrets(AuthorizationServerRequest request) => request.Secrets ??= ListSecrets(request);

    private static List<string> ListSecrets(AuthorizationServerRequest request)
    {
        List<string> secrets = [];
        if (request.Authorization?.Parameter is { Length: > 0 } authorization)
        {
            secrets.Add(authorization);
            secrets.Add(authorization.TrimEnd('='));
        }

        IEnumerable<string> values = request.Parameters
            .Where(parameter => SecretParameters.Contains(parameter.Key))
            .Select(parameter => parameter.Value)
            .Append(request.Secret ?? "")
            .Concat(request.FurtherHeaders?.Values.SelectMany(PartsOf) ?? []);
        foreach (string value in values.Where(value => value.Length > 0).Distinct(StringComparer.Ordinal))
        {
            // A very short value is searched for in its form encoding, and in base64 only together with the id.
            secrets.Add(value);
            secrets.Add(FormEncoding.Encode(value));
            secrets.Add($"{request.Client.ClientId}:{value}");
        }

        return secrets;
    }

    // A proof is a JWT. A server may repeat only a part of it.
    private static IEnumerable<string> PartsOf(string header) => header.Split('.').Where(part => part.Length > 16).Prepend(header);
}
