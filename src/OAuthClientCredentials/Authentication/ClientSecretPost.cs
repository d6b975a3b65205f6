namespace OAuthClientCredentials.Authentication;

/// <summary>Sends the client id and secret in the form (RFC 6749 section 2.3.1).</summary>
internal sealed class ClientSecretPost : ClientAuthentication
{
    public const string Name = "client_secret_post";

    public override string Method => Name;

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        await request.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        request.AddParameter("client_secret", request.Secret!);
        return ValueTask.CompletedTask;
    }
}
