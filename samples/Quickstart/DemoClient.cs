using System.Diagnostics;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>Calls the API as one client, counts the calls, and measures how long they waited for a token.</summary>
internal sealed class DemoClient(IServiceProvider services, string clientName)
{
    private readonly HttpClient _client = services.GetRequiredService<IHttpClientFactory>().CreateClient(clientName);
    private readonly ITokenProvider _tokens = services.GetRequiredService<ITokenProvider>();
    private readonly Lock _lock = new();
    private bool _hasToken;
    private int _calls;
    private int _failed;

    public int Calls => _calls;

    public int Failed => _failed;

    /// <summary>
    /// The longest time that a call waited for its token before it was sent. The first call always waits and is not counted.
    /// </summary>
    public TimeSpan LongestWait { get; private set; }

    public async Task CallAsync()
    {
        Interlocked.Increment(ref _calls);
        try
        {
            long start = Stopwatch.GetTimestamp();
            await _tokens.GetTokenAsync(clientName);
            RecordWait(Stopwatch.GetElapsedTime(start));
            using HttpResponseMessage response = await _client.GetAsync("/orders");
            response.EnsureSuccessStatusCode();
        }
        catch (Exception exception) when (exception is TokenRequestException or HttpRequestException)
        {
            Interlocked.Increment(ref _failed);
        }
    }

    public async Task CallForAsync(TimeSpan duration, Action<TimeSpan> showProgress)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan elapsed = TimeSpan.Zero;
        while (elapsed < duration)
        {
            showProgress(elapsed);
            await CallAsync();
            await Task.Delay(50);
            elapsed = Stopwatch.GetElapsedTime(start);
        }
    }

    private void RecordWait(TimeSpan wait)
    {
        lock (_lock)
        {
            if (_hasToken && wait > LongestWait)
            {
                LongestWait = wait;
            }

            _hasToken = true;
        }
    }
}
