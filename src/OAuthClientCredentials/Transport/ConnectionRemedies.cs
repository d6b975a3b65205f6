namespace OAuthClientCredentials.Transport;

/// <summary>What to change if the server ends the connection or refuses the request before it reads it.</summary>
internal static class ConnectionRemedies
{
    public const string Scheme = "If this port expects TLS, the scheme must be https.";

    /// <summary>For a server that may require a client certificate. Metadata is requested without one.</summary>
    public static string OfCertificate(HttpRequestMessage message, ClientContext client)
    {
        if (message.Method == HttpMethod.Get)
        {
            string endpoint = client.Option(nameof(ClientCredentialsOptions.TokenEndpoint));
            return $"Metadata is requested without a client certificate. If the server requires one, set {endpoint} instead of discovery.";
        }

        return $"If the server requires a client certificate, check {client.Option(nameof(ClientCredentialsOptions.CertificateFile))}.";
    }
}
