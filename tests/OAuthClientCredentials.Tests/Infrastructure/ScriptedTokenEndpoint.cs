using System.Collections.Concurrent;
using System.Net;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A token endpoint without a network. It answers with numbered tokens unless a test says otherwise, and can be held.</summary>
internal sealed class ScriptedTokenEndpoint : HttpMessageHandler
{
    private int _requests;

    public int Requests => Volatile.Read(ref _requests);

    public double Lifetime { get; set; } = 3600;

    /// <summary>What to answer to request number n, the first being 1; null for the default.</summary>
    public Func<int, HttpResponseMessage?>? Answer { get; set; }

    /// <summary>What happens between request and answer.</summary>
    public Func<CancellationToken, Task>? Before { get; set; }

    public ConcurrentQueue<string> Bodies { get; } = new();

    public static HttpResponseMessage Token(string value, double lifetime) =>
        Json(HttpStatusCode.OK, FormattableString.Invariant($$"""{"access_token":"{{value}}","token_type":"Bearer","expires_in":{{lifetime}}}"""));

    public static HttpResponseMessage Error(HttpStatusCode status, string error) => Json(status, $$"""{"error":"{{error}}"}""");

    public static HttpResponseMessage Json(HttpStatusCode status, string json) =>
        new(status) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        int number = Interlocked.Increment(ref _requests);
        Bodies.Enqueue(await request.Content!.ReadAsStringAsync(cancellationToken));
        if (Before is { } before)
        {
            await before(cancellationToken);
        }

        HttpResponseMessage response = Answer?.Invoke(number) ?? Token($"token-{number}", Lifetime);
        response.RequestMessage = request;
        return response;
    }
}
