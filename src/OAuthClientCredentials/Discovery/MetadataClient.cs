using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Configuration;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata of every authority in use: fetched once for all who wait, kept an hour, and the last good kept while a refresh fails.</summary>
internal sealed class MetadataClient(EndpointClient endpoint, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    // After a failed refresh the last good document is used this long before the next try.
    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <exception cref="TokenRequestException">There is no document to use.</exception>
    public async ValueTask<ServerMetadata> GetAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = settings.Options;

        // What may differ between clients and decides whether a document is acceptable is part of the key.
        string key = string.Join('\n', options.AllowedEndpointHosts.Prepend($"{options.Authority}\n{options.MetadataAddress}\n{options.AllowInsecureHttp}"));
        Task<ServerMetadata> metadata = Current(_entries.GetOrAdd(key, static _ => new()), settings);
        return CheckMethod(await metadata.WaitAsync(cancellationToken).ConfigureAwait(false), settings);
    }

    private Task<ServerMetadata> Current(Entry entry, ClientSettings settings)
    {
        lock (entry)
        {
            if (!entry.Metadata.IsCompleted || (entry.Metadata.IsCompletedSuccessfully && timeProvider.GetTimestamp() < entry.RefreshAt))
            {
                return entry.Metadata;
            }

            // A fetch of its own: no waiter's cancellation ends it for the others.
            entry.Metadata = RefreshAsync(entry, entry.LastGood, settings);
            entry.Metadata.ObserveFault();
            return entry.Metadata;
        }
    }

    private async Task<ServerMetadata> RefreshAsync(Entry entry, ServerMetadata? lastGood, ClientSettings settings)
    {
        // With a document at hand, time must be left for the token request that waits.
        using CancellationTokenSource timeout = new(settings.Options.AttemptTimeout / (lastGood is null ? 1 : 2), timeProvider);
        CancellationToken limit = timeout.Token;
        Task<ServerMetadata> fetch = Unawaited.StartDetached(() => Task.Run(() => FetchAsync(entry, settings, limit).AsTask(), CancellationToken.None));
        fetch.ObserveFault();
        try
        {
            // R-225: a handler that ignores cancellation or blocks its thread would hold up every client of this authority for good.
            ServerMetadata metadata = await fetch.WaitAsync(limit).ConfigureAwait(false);
            if (lastGood is not null && lastGood.TokenEndpoint.IdnHost != metadata.TokenEndpoint.IdnHost)
            {
                // R-183: it is allowed, or there were no document; but it is also what an attack on the authority would do.
                logger.TokenEndpointMoved(settings.Options.Authority!, metadata.TokenEndpoint.IdnHost, lastGood.TokenEndpoint.IdnHost);
            }

            return Keep(entry, metadata, Lifetime);
        }
        catch (Exception exception) when (lastGood is not null && exception is not OutOfMemoryException)
        {
            return Keep(entry, lastGood!, RetryAfterFailure);
        }
        catch (OperationCanceledException)
        {
            throw settings.Name.Failed(new Uri(settings.Options.Authority!), $"no metadata came within {settings.Options.AttemptTimeout.TotalSeconds:0.###} seconds", "Check that the authority can be reached from here, or set TokenEndpoint instead.", isTransient: true);
        }
    }

    private ServerMetadata Keep(Entry entry, ServerMetadata metadata, TimeSpan lifetime)
    {
        lock (entry)
        {
            entry.LastGood = metadata;
            entry.RefreshAt = timeProvider.GetTimestamp() + (long)(lifetime.TotalSeconds * timeProvider.TimestampFrequency);
            return metadata;
        }
    }

    private async ValueTask<ServerMetadata> FetchAsync(Entry entry, ClientSettings settings, CancellationToken cancellationToken)
    {
        ClientCredentialsOptions options = settings.Options;
        IReadOnlyList<Uri> addresses = entry.Address is { } answered ? [answered] : MetadataAddresses.For(options.Authority!, options.MetadataAddress);
        EndpointResponse response = await FetchAsync(addresses[0], settings, cancellationToken).ConfigureAwait(false);
        Uri address = addresses[0];
        if (response.Status == HttpStatusCode.NotFound && addresses.Count > 1)
        {
            address = addresses[1];
            response = await FetchAsync(address, settings, cancellationToken).ConfigureAwait(false);
        }

        ServerMetadata metadata = Read(response, address, settings);
        entry.Address = address;
        return metadata;
    }

    private async ValueTask<EndpointResponse> FetchAsync(Uri address, ClientSettings settings, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        return await endpoint.SendAsync(request, null, settings.Name, settings.Options.MaxResponseBytes, cancellationToken).ConfigureAwait(false);
    }

    private static ServerMetadata Read(EndpointResponse response, Uri address, ClientSettings settings)
    {
        ClientCredentialsOptions options = settings.Options;
        if (!response.IsSuccess)
        {
            bool isTransient = (int)response.Status is 408 or 429 or >= 500;
            throw settings.Name.Failed(address, $"the metadata request was answered with {response.Describe([])}", $"Check {settings.Name.Option(nameof(options.Authority))}, or set TokenEndpoint instead.", response.Status, isTransient, retryAfter: response.WaitAtMost(options.MaxRetryAfter));
        }

        try
        {
            return ServerMetadata.Parse(response.Body, options.Authority!, options.AllowInsecureHttp, options.AllowedEndpointHosts);
        }
        catch (FormatException exception)
        {
            throw settings.Name.Failed(address, $"the metadata document cannot be used: {exception.Message}", $"See {settings.Name.Option(nameof(options.Authority))}.", response.Status);
        }
    }

    // R-184: to try a weaker method than the one configured is not ours to decide.
    private static ServerMetadata CheckMethod(ServerMetadata metadata, ClientSettings settings)
    {
        string method = settings.Authentication.Method;
        return metadata.AuthenticationMethods is null || metadata.AuthenticationMethods.Contains(method, StringComparer.Ordinal)
            ? metadata
            : throw settings.Name.Failed(
                metadata.TokenEndpoint,
                $"the server's metadata does not offer {method}",
                $"Set {settings.Name.Option(nameof(ClientCredentialsOptions.AuthenticationMethod))} to one that it offers: {ServerText.Clean(string.Join(", ", metadata.AuthenticationMethods), [])}.");
    }

    // Its own lock guards the writable members; nothing is awaited under it.
    private sealed class Entry
    {
        public Task<ServerMetadata> Metadata { get; set; } = Task.FromCanceled<ServerMetadata>(new CancellationToken(canceled: true));

        public ServerMetadata? LastGood { get; set; }

        public long RefreshAt { get; set; }

        public Uri? Address { get; set; }
    }
}
