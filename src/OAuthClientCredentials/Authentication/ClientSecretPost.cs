namespace OAuthClientCredentials.Authentication;

internal sealed class ClientSecretPost : ClientAuthentication
{
    public const string Name = "client_secret_post";

    public override string Method => Name;

    public override async ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
    {
        string secret = await attempt.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);
        attempt.AddParameter("client_id", attempt.ClientId);
        attempt.AddParameter("client_secret", secret);
    }
}
