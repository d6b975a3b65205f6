namespace OAuthClientCredentials.Caching;

/// <summary>A token and the timestamp until which it is served without looking at anything else. Immutable: readers take no lock.</summary>
internal sealed class TokenSnapshot(AccessToken token, long until)
{
    public readonly AccessToken Token = token;

    public readonly long Until = until;
}
