namespace OAuthClientCredentials.Caching;

/// <summary>A token and the timestamp until which readers can take it without any other check. Immutable.</summary>
internal sealed class TokenSnapshot(AccessToken token, long until)
{
    public readonly AccessToken Token = token;

    public readonly long Until = until;
}
