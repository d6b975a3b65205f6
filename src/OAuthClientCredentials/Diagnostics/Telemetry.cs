using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>The meter and the activity source, with the names of all instruments and attributes. Thread-safe.</summary>
/// <remarks>An attribute is the registered name of a client or HttpClient, a host, or a word of a closed list .</remarks>
internal sealed class Telemetry : IDisposable
{
    public const string ClientName = "oauth.client.name";
    public const string Reason = "oauth.client.token_request.reason";
    public const string AttemptCount = "oauth.client.token_request.attempt_count";
    public const string HttpClientName = "oauth.client.http_client.name";
    public const string Outcome = "oauth.client.unauthorized_response.outcome";
    public const string ServerAddress = "server.address";
    public const string Error = "error.type";

    /// <summary>Stands for all values of an attribute that could be any number .</summary>
    public const string Other = "_OTHER";

    private const string Name = "OAuthClientCredentials";

    public static readonly ActivitySource Activities = new(Name);

    // The default boundaries of OpenTelemetry are meant for milliseconds.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30],
    };

    private readonly Meter _meter;
    private readonly Histogram<double> _requestDuration;
    private readonly Counter<long> _attempts;
    private readonly Histogram<double> _waitDuration;
    private readonly Counter<long> _unauthorizedResponses;

    public Telemetry(IMeterFactory? meterFactory)
    {
        MeterOptions options = new(Name);
        _meter = meterFactory?.Create(options) ?? new Meter(options);
        _requestDuration = _meter.CreateHistogram(
            "oauth.client.token_request.duration",
            "s",
            "The duration of token requests, with their retries.",
            tags: null,
            Seconds);
        _attempts = _meter.CreateCounter<long>(
            "oauth.client.token_request.attempts",
            "{request}",
            "The HTTP requests that were sent to token endpoints.");
        _waitDuration = _meter.CreateHistogram(
            "oauth.client.token.wait.duration",
            "s",
            "How long calls waited for a token. A call that finds a token in the cache does not wait.",
            tags: null,
            Seconds);
        _unauthorizedResponses = _meter.CreateCounter<long>(
            "oauth.client.unauthorized_responses",
            "{response}",
            "The 401 responses of APIs to requests with a token.");
    }

    /// <summary>Calls listeners. One that throws must not fail a call or lose a token .</summary>
    public static void Shield(Action notify)
    {
        try
        {
            notify();
        }
#pragma warning disable CA1031 // A listener may throw any exception.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The listener has its own diagnostics.
        }
    }

    public void RequestEnded(ClientContext client, string reason, string server, int attempts, string? error, TimeSpan duration)
    {
        KeyValuePair<string, object?> name = new(ClientName, client.MetricName);

        // Each tenant may have its own server.
        KeyValuePair<string, object?> address = new(ServerAddress, client.MetricName == Other ? Other : server);
        TagList tags = new() { name, new(Reason, reason), address };
        if (error is not null)
        {
            tags.Add(Error, error);
        }

        Shield(() => _requestDuration.Record(duration.TotalSeconds, tags));
        if (attempts > 0)
        {
            Shield(() => _attempts.Add(attempts, name, address));
        }
    }

    public void WaitEnded(ClientContext client, TimeSpan duration) => Shield(() =>
        _waitDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(ClientName, client.MetricName)));

    public void UnauthorizedResponse(string clientName, string httpClientName, string outcome) => Shield(() =>
        _unauthorizedResponses.Add(1, new(ClientName, clientName), new(HttpClientName, httpClientName), new(Outcome, outcome)));

    /// <summary>Adds the gauges. They call the delegate when a listener collects their values.</summary>
    public void Observe(Func<IEnumerable<ClientReading>> clients)
    {
        _meter.CreateObservableGauge(
            "oauth.client.token.remaining_lifetime",
            () => Measure(clients(), client => (double?)client.TokenLifetime),
            "s",
            "The time until the token expires. 0 without a valid token.");
        _meter.CreateObservableGauge(
            "oauth.client.token_request.consecutive_failures",
            () => Measure(clients(), client => (int?)client.Failures),
            "{request}",
            "The token requests that failed since the last success.");
        _meter.CreateObservableGauge(
            "oauth.client.credential.remaining_lifetime",
            () => Measure(clients(), client => client.CredentialLifetime),
            "s",
            "The time until the certificate or assertion expires, if it is valid for 28 days or longer.");
    }

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<T>> Measure<T>(IEnumerable<ClientReading> clients, Func<ClientReading, T?> value)
        where T : struct =>
        from client in clients
        let measured = value(client)
        where measured.HasValue
        select new Measurement<T>(measured.Value, new KeyValuePair<string, object?>(ClientName, client.Name));
}

/// <summary>What the gauges show of one client: lifetimes in seconds, and failures since the last success.</summary>
internal readonly record struct ClientReading(string Name, double TokenLifetime, int Failures, double? CredentialLifetime);
