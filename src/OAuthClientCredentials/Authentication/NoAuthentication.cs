namespace OAuthClientCredentials.Authentication;

internal sealed class NoAuthentication : ClientAuthentication
{
    public const string Name = "none";

    public override string Method => Name;

    public override ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
    {
        attempt.AddParameter("client_id", attempt.ClientId);
        return ValueTask.CompletedTask;
    }
}
