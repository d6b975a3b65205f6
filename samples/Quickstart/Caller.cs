using System.Diagnostics;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>Calls the API as one client, and counts what a caller sees.</summary>
internal sealed class Caller(IServiceProvider services, string clientName)
{
    private readonly HttpClient _client = services.GetRequiredService<IHttpClientFactory>().CreateClient(clientName);
    private readonly ITokenProvider _tokens = services.GetRequiredService<ITokenProvider>();
    private long _longestWait;
    private bool _hasToken;
    private int _calls;
    private int _failed;

    public string ClientName => clientName;

    public int Calls => _calls;

    public int Failed => _failed;

    /// <summary>The longest that a call waited for a token before it was sent, the first one not counted.</summary>
    public TimeSpan LongestWait => TimeSpan.FromTicks(Volatile.Read(ref _longestWait));

    public async Task CallAsync()
    {
        Interlocked.Increment(ref _calls);
        try
        {
            long start = Stopwatch.GetTimestamp();
            await _tokens.GetTokenAsync(clientName);
            NoteWait(Stopwatch.GetElapsedTime(start));
            using HttpResponseMessage response = await _client.GetAsync("/orders");
            response.EnsureSuccessStatusCode();
        }
        catch (Exception exception) when (exception is TokenRequestException or HttpRequestException)
        {
            Interlocked.Increment(ref _failed);
        }
    }

    public async Task CallForAsync(TimeSpan duration, Action<TimeSpan> progress)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) is var elapsed && elapsed < duration)
        {
            progress(elapsed);
            await CallAsync();
            await Task.Delay(50);
        }
    }

    private void NoteWait(TimeSpan wait)
    {
        if (!_hasToken)
        {
            _hasToken = true;
            return;
        }

        long longest;
        while (wait.Ticks > (longest = Volatile.Read(ref _longestWait)) && Interlocked.CompareExchange(ref _longestWait, wait.Ticks, longest) != longest)
        {
        }
    }
}
