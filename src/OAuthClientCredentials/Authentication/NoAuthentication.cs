namespace OAuthClientCredentials.Authentication;

/// <summary>Sends only the client id, without authentication.</summary>
internal sealed class NoAuthentication : ClientAuthentication
{
    public const string Name = "none";

    public override string Method => Name;

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        return ValueTask.CompletedTask;
    }
}
