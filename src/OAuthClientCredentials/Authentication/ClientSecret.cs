namespace OAuthClientCredentials.Authentication;

/// <summary>Reads a client's secret from its options or a file.</summary>
internal sealed class ClientSecret(ClientContext client, ClientCredentialsOptions options)
{
    public ValueTask<string> ReadAsync(CancellationToken cancellationToken)
    {
        if (!string.IsNullOrEmpty(options.ClientSecretFile))
        {
            return new CredentialFile(client, nameof(options.ClientSecretFile), options.ClientSecretFile).ReadLineAsync(cancellationToken);
        }

        if (string.IsNullOrEmpty(options.ClientSecret))
        {
            throw client.Unusable("it has no client secret", nameof(options.ClientSecret));
        }

        return new(options.ClientSecret);
    }
}
