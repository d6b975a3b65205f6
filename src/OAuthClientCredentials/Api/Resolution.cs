namespace OAuthClientCredentials.Api;

/// <summary>
/// What a request asked for, and what service discovery resolved that to. It rewrites the request's address above our handler, and
/// the allowed origin is the one that was asked for.
/// </summary>
internal sealed record Resolution(Uri AskedFor, Uri ResolvedTo)
{
    private static readonly HttpRequestOptionsKey<Uri> AskedForKey = new("OAuthClientCredentials.AskedFor");

    private static readonly HttpRequestOptionsKey<Resolution> Key = new("OAuthClientCredentials.Resolution");

    /// <summary>The address that was asked for, if the request points at exactly what that was resolved to.</summary>
    public static Uri? AskedForBy(HttpRequestMessage request)
    {
        request.Options.TryGetValue(Key, out Resolution? resolution);
        return resolution is not null && ReferenceEquals(resolution.ResolvedTo, request.RequestUri) ? resolution.AskedFor : null;
    }

    /// <summary>Stands directly before service discovery. If that is there twice, the first address counts.</summary>
    public sealed class Before : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if ((AskedForBy(request) ?? request.RequestUri) is { } address)
            {
                request.Options.Set(AskedForKey, address);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>Stands directly after service discovery.</summary>
    public sealed class After : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { } address && request.Options.TryGetValue(AskedForKey, out Uri? askedFor))
            {
                request.Options.Set(Key, new Resolution(askedFor, address));
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
