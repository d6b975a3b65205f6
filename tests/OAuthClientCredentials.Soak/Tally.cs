using System.Net;

namespace OAuthClientCredentials.Soak;

/// <summary>What became of the calls.</summary>
internal sealed class Tally
{
    private long _calls;
    private long _failed;
    private long _unauthorized;

    public long Calls => Volatile.Read(ref _calls);

    public long Failed => Volatile.Read(ref _failed);

    public long Unauthorized => Volatile.Read(ref _unauthorized);

    public async Task CountAsync(Func<Task<HttpStatusCode>> call)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            if (await call() == HttpStatusCode.Unauthorized)
            {
                Interlocked.Increment(ref _unauthorized);
            }
        }
        catch (TokenRequestException)
        {
            Interlocked.Increment(ref _failed);
        }
    }
}
