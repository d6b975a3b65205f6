namespace OAuthClientCredentials.Caching;

/// <summary>A token, and the timestamp until which it may be given out without another thought. Immutable: readers take no lock.</summary>
internal sealed class Lease(AccessToken token, long until)
{
    public readonly AccessToken Token = token;

    public readonly long Until = until;
}
