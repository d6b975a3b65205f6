using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata document of one issuer, shared by its clients. Thread-safe.</summary>
/// <remarks>
/// A read that is due is started by the first caller, and all callers wait for it. After a failed read the last document stays in use;
/// without one, callers get the same failure until the next read is due.
/// </remarks>
internal sealed class IssuerMetadata(EndpointClient endpoint, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan RetryWithDocument = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MinSuspicionInterval = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private readonly MetadataReader _reader = new(endpoint);

    // What clients with the same rules for endpoints use of the document.
    private readonly Dictionary<string, (MetadataDocument Document, ServerMetadata Metadata)> _accepted = new(StringComparer.Ordinal);

    private Task<MetadataResult>? _read;
    private MetadataDocument? _document;
    private int _failures;
    private long _readAt;
    private long _dueAt;

    /// <summary>The address that the document came from.</summary>
    public Uri? Address => _reader.Address;

    public Task<MetadataResult> GetAsync(ClientCredentialsOptions options, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_read is null || (_read.IsCompleted && timeProvider.GetTimestamp() >= _dueAt))
            {
                // A task of its own: no waiter's cancellation ends it for the others.
                bool hasDocument = _document is not null;
                _read = DetachedTask.Start(() => ReadAsync(options, hasDocument));
            }

            return _read.WaitAsync(cancellationToken);
        }
    }

    /// <summary>What a client uses of the document. If that is not acceptable, what it used of the document before.</summary>
    /// <exception cref="FormatException">The document is not acceptable for the client, and there was none before.</exception>
    public ServerMetadata Read(MetadataDocument document, ClientCredentialsOptions options)
    {
        string rules = string.Join('\n', options.AllowedEndpointHosts.Prepend($"{options.AllowInsecureHttp}"));
        ServerMetadata? former;
        ServerMetadata metadata;
        lock (_gate)
        {
            bool isKnown = _accepted.TryGetValue(rules, out (MetadataDocument Document, ServerMetadata Metadata) accepted);
            if (isKnown && accepted.Document == document)
            {
                return accepted.Metadata;
            }

            former = isKnown ? accepted.Metadata : null;
            metadata = ReadOrKeep_NeedsLock(document, options, former);
            _accepted[rules] = (document, metadata);
        }

        // Outside the lock: a logger may block.
        if (former is not null)
        {
            WarnIfMoved(options.Authority!, metadata.TokenEndpoint.IdnHost, former.TokenEndpoint.IdnHost);
        }

        return metadata;
    }

    /// <summary>Makes the next read due, at the earliest ten seconds after the last one.</summary>
    public void Suspect()
    {
        lock (_gate)
        {
            if (_document is not null)
            {
                _dueAt = Math.Min(_dueAt, _readAt + Ticks(MinSuspicionInterval));
            }
        }
    }

    private ServerMetadata ReadOrKeep_NeedsLock(MetadataDocument document, ClientCredentialsOptions options, ServerMetadata? former)
    {
        try
        {
            return document.Read(options.AllowInsecureHttp, options.AllowedEndpointHosts);
        }
        catch (FormatException) when (former is not null)
        {
            Suspect();
            return former;
        }
    }

    private async Task<MetadataResult> ReadAsync(ClientCredentialsOptions options, bool hasDocument)
    {
        TimeSpan limit = options.AttemptTimeout;
        if (hasDocument)
        {
            // Without a new one the token request goes on, and needs the other half.
            limit /= 2;
        }

        using CancellationTokenSource timeout = new(limit, timeProvider);
        CancellationToken cancellation = timeout.Token;
        Task<MetadataResult> read = Task.Run(() => _reader.ReadAsync(options, cancellation).AsTask(), CancellationToken.None);
        read.ObserveFault();
        try
        {
            // A handler that ignores cancellation or blocks its thread must not hold up every client of the issuer.
            return Complete(await read.WaitAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            string what = $"no metadata came within {limit.TotalSeconds:0.###} seconds";
            return Complete(Unread(options, what, "Check that the authority can be reached from here"));
        }
#pragma warning disable CA1031 // A handler of the token HttpClient may throw anything, and every client of the issuer waits for this.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return Complete(Unread(options, $"your handler threw {exception.GetType().Name}", "Fix the handlers of the token HttpClient"));
        }
    }

    private MetadataResult Complete(MetadataResult result)
    {
        lock (_gate)
        {
            _failures++;
            if (result.Document is not null)
            {
                _failures = 0;
                _document = result.Document;
            }

            _readAt = timeProvider.GetTimestamp();
            _dueAt = _readAt + Ticks(UntilNextRead_NeedsLock(result.Failure));
            return result with { Document = _document };
        }
    }

    private TimeSpan UntilNextRead_NeedsLock(EndpointFailure? failure)
    {
        if (failure is null)
        {
            return Lifetime;
        }

        TimeSpan wait = RetryWithDocument * Jitter.Between(1, 1.25);
        if (_document is null)
        {
            wait = Backoff.WithoutToken(_failures);
        }

        return TimeSpan.FromTicks(Math.Max(wait.Ticks, (failure.RetryAfter ?? TimeSpan.Zero).Ticks));
    }

    // The new endpoint is acceptable, but this is also what an attack on the authority would do.
    private void WarnIfMoved(string authority, string host, string formerHost)
    {
        if (host != formerHost)
        {
            logger.TokenEndpointMoved(authority, host, formerHost);
        }
    }

    private static MetadataResult Unread(ClientCredentialsOptions options, string what, string remedy)
    {
        IReadOnlyList<Uri> addresses = MetadataAddresses.For(options.Authority!, options.MetadataAddress);
        string others = string.Concat(addresses.Skip(1).Select(address => $" ({address} is the other address)"));
        EndpointFailure failure = new(addresses[0], what + others, _ => $"{remedy}, or set TokenEndpoint instead.") { IsTransient = true };
        return new(null, failure);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * timeProvider.TimestampFrequency);
}
