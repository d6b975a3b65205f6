using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>The metadata of all issuers in use. The clients of an issuer share its document and its back-off.</summary>
internal sealed class MetadataClient(EndpointClient endpoint, TimeProvider timeProvider, ILogger logger)
{
    private readonly ConcurrentDictionary<(string Authority, string? Address, int MaxBytes, PlainHttp Http), IssuerMetadata> _issuers =
        new();

    /// <exception cref="TokenRequestException">There is no document that the client can use.</exception>
    public async ValueTask<ServerMetadata> GetAsync(ClientSettings settings, CancellationToken cancellationToken) =>
        CheckMethod(await GetUncheckedAsync(settings, cancellationToken).ConfigureAwait(false), settings);

    /// <summary>Like <see cref="GetAsync"/>, without the check of the method: that list is for the token endpoint.</summary>
    /// <exception cref="TokenRequestException">There is no document that the client can use.</exception>
    public async ValueTask<ServerMetadata> GetUncheckedAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        IssuerMetadata issuer = IssuerOf(settings);
        MetadataResult result = await issuer.GetAsync(settings.Options, cancellationToken).ConfigureAwait(false);
        if (result.Document is not { } document)
        {
            throw result.Failure!.For(settings.Context);
        }

        try
        {
            return issuer.Read(document, settings.Options);
        }
        catch (FormatException exception)
        {
            // The server may correct its document at any time.
            issuer.MarkStale();
            throw MetadataReader.Unusable(exception, issuer.Address!, settings.Options).For(settings.Context);
        }
    }

    /// <summary>
    /// Marks the document of a client's issuer as stale, because its token endpoint responded with 404 or 410 or could not be reached. The
    /// document is read again, at most every ten seconds, and stays in use until a new one is read.
    /// </summary>
    public void MarkStale(ClientSettings settings)
    {
        if (string.IsNullOrEmpty(settings.Options.TokenEndpoint))
        {
            IssuerOf(settings).MarkStale();
        }
    }

    private IssuerMetadata IssuerOf(ClientSettings settings)
    {
        ClientCredentialsOptions options = settings.Options;
        return _issuers.GetOrAdd(
            (options.Authority!, options.MetadataAddress, options.MaxResponseBytes, Fapi2Profile.PlainHttpOf(options)),
            static (_, self) => new(self.Endpoint, self.Time, self.Logger),
            (Endpoint: endpoint, Time: timeProvider, Logger: logger));
    }

    // The library never tries a weaker method than the configured one (R-184). An empty list says nothing (RFC 8414 section 3.2).
    private static ServerMetadata CheckMethod(ServerMetadata metadata, ClientSettings settings)
    {
        string method = settings.Authentication.Method;
        if (metadata.AuthenticationMethods is not { Count: > 0 } offered
            || offered.Contains(method, StringComparer.Ordinal)
            || settings.MayUseUnlistedMethod)
        {
            return metadata;
        }

        string option = settings.Context.Option(nameof(ClientCredentialsOptions.AuthenticationMethod));
        string endpoint = settings.Context.Option(nameof(ClientCredentialsOptions.TokenEndpoint));
        throw settings.Context.Failed(
            metadata.TokenEndpoint,
            $"the server's metadata does not offer {method}",
            $"Set {option} to a method that it offers: {ServerText.Clean(string.Join(", ", offered), [])}. "
            + $"If the server accepts {method} nevertheless, set {endpoint} instead of discovery.",
            kind: ErrorType.Metadata);
    }
}
