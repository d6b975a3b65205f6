using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Api;

public sealed class CertificateTransportTests
{
    [Fact]
    [Trait("Req", "R-371")]
    public async Task A_request_with_a_certificate_bound_token_is_counted_once()
    {
        using RequestStarts events = new();
        int sends = 0;
        await using ApiClient api = new(new NumberedTokens(new CertificateBinding(new TlsCertificate(Certificates.Create(), []))), _ =>
        {
            sends++;
            return ApiClient.Respond(200);
        });
        using HttpResponseMessage response = await api.Http.GetAsync("/counted-once");
        using HttpRequestMessage request = new(HttpMethod.Get, "/counted-once");
        using HttpResponseMessage synchronous = api.Http.Send(request);
        Assert.Equal((2, 2), (sends, events.Paths.Count(path => path == "/counted-once")));
    }

    private sealed class RequestStarts : EventListener
    {
        public ConcurrentQueue<string> Paths { get; } = new();

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Net.Http")
            {
                EnableEvents(eventSource, EventLevel.Informational);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName == "RequestStart")
            {
                Paths?.Enqueue($"{eventData.Payload![3]}");
            }
        }
    }
}
