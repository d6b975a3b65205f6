namespace OAuthClientCredentials.Authentication;

internal sealed class ClientSecretPost(ClientSecret clientSecret) : ClientAuthentication
{
    public const string Name = "client_secret_post";

    public override string Method => Name;

    public override async ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
    {
        string secret = await clientSecret.ReadAsync(cancellationToken).ConfigureAwait(false);
        attempt.Secret = secret;
        attempt.AddParameter("client_id", attempt.ClientId);
        attempt.AddParameter("client_secret", secret);
    }
}
