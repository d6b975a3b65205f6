using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Resilience;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata document of one issuer, shared by its clients. Thread-safe.</summary>
/// <remarks>
/// The first caller after a read is due starts the read, and all callers wait for it. After a failed read the last document stays in use.
/// If there is none, callers get the same failure until the next read is due.
/// </remarks>
internal sealed class IssuerMetadata(EndpointClient endpoint, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private static readonly TimeSpan RetryIntervalWithDocument = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan MinReadInterval = TimeSpan.FromSeconds(10);

    private readonly object _gate = new();
    private readonly MetadataReader _reader = new(endpoint);

    // The checked metadata, by the rules for endpoints. Clients with the same rules share it.
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
                // A separate task, so that the cancellation of one caller does not cancel it for the others.
                bool hasDocument = _document is not null;
                _read = DetachedTask.Start(() => ReadAsync(options, hasDocument));
            }

            return _read.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Checks the document for a client. If the client may not use it, returns what the client used before.</summary>
    /// <exception cref="FormatException">The client may not use the document, and it has not used an earlier one.</exception>
    public ServerMetadata Read(MetadataDocument document, ClientCredentialsOptions options)
    {
        string rules = string.Join('\n', options.AllowedEndpointHosts.Prepend($"{Fapi2Profile.PlainHttpOf(options)}"));
        ServerMetadata? former = null;
        ServerMetadata metadata;
        lock (_gate)
        {
            if (_accepted.TryGetValue(rules, out (MetadataDocument Document, ServerMetadata Metadata) accepted))
            {
                if (accepted.Document == document)
                {
                    return accepted.Metadata;
                }

                former = accepted.Metadata;
            }

            metadata = ReadOrKeep_NeedsLock(document, options, former);
            _accepted[rules] = (document, metadata);
        }

        // Outside the lock, because a logger may block.
        if (former is not null)
        {
            WarnIfMoved(options.Authority!, metadata.TokenEndpoint.IdnHost, former.TokenEndpoint.IdnHost);
        }

        return metadata;
    }

    /// <summary>Marks the document as stale: it is read again, at the earliest ten seconds after the last read.</summary>
    public void MarkStale()
    {
        lock (_gate)
        {
            if (_document is not null)
            {
                _dueAt = Math.Min(_dueAt, _readAt + Ticks(MinReadInterval));
            }
        }
    }

    private ServerMetadata ReadOrKeep_NeedsLock(MetadataDocument document, ClientCredentialsOptions options, ServerMetadata? former)
    {
        try
        {
            return document.Read(Fapi2Profile.PlainHttpOf(options), options.AllowedEndpointHosts);
        }
        catch (FormatException) when (former is not null)
        {
            MarkStale();
            return former;
        }
    }

    private async Task<MetadataResult> ReadAsync(ClientCredentialsOptions options, bool hasDocument)
    {
        TimeSpan limit = options.AttemptTimeout;
        if (hasDocument)
        {
            // If this read fails, the token request continues with the old document and needs the other half of the time.
            limit /= 2;
        }

        using CancellationTokenSource timeout = new(limit, timeProvider);
        CancellationToken cancellation = timeout.Token;
        Task<MetadataResult> read = Task.Run(() => _reader.ReadAsync(options, cancellation).AsTask(), CancellationToken.None);
        read.ObserveFault();
        try
        {
            // A handler that ignores cancellation or blocks its thread must not delay every client of the issuer.
            return Complete(await read.WaitAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            string what = $"no metadata was received within {limit.TotalSeconds:0.###} seconds";
            return Complete(ReadFailed(options, what, "Check that the authority can be reached from here"));
        }
#pragma warning disable CA1031 // Your handler may throw any exception, and every client of the issuer waits for this read.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            string what = $"your handler threw {exception.GetType().Name}";
            return Complete(ReadFailed(options, what, "Fix the handlers of the token HttpClient"));
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

        TimeSpan wait = RetryIntervalWithDocument * Jitter.Between(1, 1.25);
        if (_document is null)
        {
            wait = Backoff.WithoutToken(_failures);
        }

        return TimeSpan.FromTicks(Math.Max(wait.Ticks, (failure.RetryAfter ?? TimeSpan.Zero).Ticks));
    }

    // The new endpoint is allowed, but an attack on the authority would look the same.
    private void WarnIfMoved(string authority, string host, string formerHost)
    {
        if (host != formerHost)
        {
            logger.TokenEndpointMoved(authority, host, formerHost);
        }
    }

    private static MetadataResult ReadFailed(ClientCredentialsOptions options, string what, string remedy)
    {
        IReadOnlyList<Uri> addresses = MetadataAddresses.For(options.Authority!, options.MetadataAddress);
        string others = string.Concat(addresses.Skip(1).Select(address => $" ({address} is the other address of the metadata)"));
        EndpointFailure failure = new(ErrorType.Metadata, addresses[0], what + others, _ => $"{remedy}, or set TokenEndpoint instead.")
        {
            IsTransient = true,
        };
        return new(null, failure);
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * timeProvider.TimestampFrequency);
}
