using System.Net;

namespace OAuthClientCredentials.Soak;

/// <summary>Counts calls and their results.</summary>
internal sealed class CallCounter
{
    private long _calls;
    private long _failed;
    private long _unauthorized;

    public long Calls => Volatile.Read(ref _calls);

    public long Failed => Volatile.Read(ref _failed);

    public long Unauthorized => Volatile.Read(ref _unauthorized);

    public async Task CallAsync(HttpClient api, TokenRequest request)
    {
        Interlocked.Increment(ref _calls);
        try
        {
            using HttpRequestMessage message = new(HttpMethod.Get, "/orders");
            message.SetTokenRequest(request);
            using HttpResponseMessage response = await api.SendAsync(message);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
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
