namespace OAuthClientCredentials.Api;

/// <summary>
/// The address that a request was sent to, and the address that service discovery resolved it to. Service discovery changes the
/// request's address before the request reaches our handler. The allowed origin is the one before that change.
/// </summary>
internal sealed record ServiceDiscoveryResolution(Uri Requested, Uri Resolved)
{
    private static readonly HttpRequestOptionsKey<Uri> RequestedKey = new("OAuthClientCredentials.RequestedAddress");

    private static readonly HttpRequestOptionsKey<ServiceDiscoveryResolution> Key = new("OAuthClientCredentials.Resolution");

    /// <summary>Returns the requested address, or null if the request's present address is not exactly the resolved one.</summary>
    public static Uri? RequestedAddressOf(HttpRequestMessage request)
    {
        if (request.Options.TryGetValue(Key, out ServiceDiscoveryResolution? resolution)
            && ReferenceEquals(resolution.Resolved, request.RequestUri))
        {
            return resolution.Requested;
        }

        return null;
    }

    /// <summary>Runs directly before service discovery. If there are two service discovery handlers, the first address counts.</summary>
    public sealed class BeforeHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Uri? requested = RequestedAddressOf(request) ?? request.RequestUri;
            if (requested is not null)
            {
                request.Options.Set(RequestedKey, requested);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Runs directly after service discovery.</summary>
    public sealed class AfterHandler : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { } resolved && request.Options.TryGetValue(RequestedKey, out Uri? requested))
            {
                request.Options.Set(Key, new ServiceDiscoveryResolution(requested, resolved));
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
