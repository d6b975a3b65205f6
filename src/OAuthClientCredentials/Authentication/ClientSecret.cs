using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Authentication;

/// <summary>Where a client's secret comes from: its options, or a file.</summary>
internal sealed class ClientSecret(ClientName client, ClientCredentialsOptions options)
{
    public ValueTask<string> ReadAsync(CancellationToken cancellationToken) =>
        string.IsNullOrEmpty(options.ClientSecretFile)
            ? new(options.ClientSecret!)
            : new CredentialFile(client, nameof(options.ClientSecretFile), options.ClientSecretFile).ReadLineAsync(cancellationToken);
}
