using System.Net;

namespace OAuthClientCredentials.Schedules;

/// <summary>A token endpoint that rejects or accepts the credential.</summary>
internal sealed class CredentialServer : HttpMessageHandler
{
    private int _requests;

    public int Requests => Volatile.Read(ref _requests);

    public bool IsRejecting { get; set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        int number = Interlocked.Increment(ref _requests);
        await Task.Yield();
        return IsRejecting
            ? Respond(HttpStatusCode.Unauthorized, """{"error":"invalid_client"}""")
            : Respond(HttpStatusCode.OK, $$"""{"access_token":"{{number}}","token_type":"Bearer","expires_in":3600}""");
    }

    private static HttpResponseMessage Respond(HttpStatusCode status, string json) =>
        new(status) { Content = new StringContent(json, null, "application/json") };
}
