using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>Prepares token requests (RFC 6749 section 4.4.2) and revocation requests: endpoint, parameters and credential.</summary>
internal sealed class TokenRequestBuilder(MetadataClient metadataClient, TimeProvider timeProvider, TokenEvents events)
{
    /// <summary>
    /// Creates a request with its parameters and credential, but without the proof. Files and callbacks are read here, before the permit,
    /// because a callback may itself need a token from the same endpoint.
    /// </summary>
    public async ValueTask<AuthorizationServerRequest> PrepareAsync(WantedToken wanted, CancellationToken cancellationToken)
    {
        ClientSettings settings = wanted.Settings;
        ServerMetadata? metadata = null;
        if (string.IsNullOrEmpty(settings.Options.TokenEndpoint))
        {
            metadata = await metadataClient.GetAsync(settings, cancellationToken).ConfigureAwait(false);
        }

        AuthorizationServerRequest request = await CreateAsync(EndpointOf(metadata, settings), metadata, settings, cancellationToken)
            .ConfigureAwait(false);
        AddParameters(request, wanted.Request);
        await settings.Authentication.ReadCredentialAsync(request, cancellationToken).ConfigureAwait(false);
        settings.CredentialValidity = request.CredentialValidity;
        wanted.Endpoint = request.Endpoint;
        return request;
    }

    /// <summary>Creates a request that revokes a token (RFC 7009 section 2.1), with its credential, but without the proof.</summary>
    public async ValueTask<AuthorizationServerRequest> PrepareRevocationAsync(
        ClientSettings settings,
        AccessToken token,
        CancellationToken cancellationToken)
    {
        ServerMetadata? metadata = null;
        if (string.IsNullOrEmpty(settings.Options.RevocationEndpoint) && !string.IsNullOrEmpty(settings.Options.Authority))
        {
            metadata = await metadataClient.GetUncheckedAsync(settings, cancellationToken).ConfigureAwait(false);
        }

        AuthorizationServerRequest request =
            await CreateAsync(RevocationEndpoint.Find(metadata, settings), metadata, settings, cancellationToken).ConfigureAwait(false);
        request.AddParameter("token", token.Value);
        request.AddParameter("token_type_hint", "access_token");
        await settings.Authentication.ReadCredentialAsync(request, cancellationToken).ConfigureAwait(false);
        return request;
    }

    private async ValueTask<AuthorizationServerRequest> CreateAsync(
        Uri endpoint,
        ServerMetadata? metadata,
        ClientSettings settings,
        CancellationToken cancellationToken)
    {
        TlsCertificate? certificate = await CertificateAsync(settings, cancellationToken).ConfigureAwait(false);
        return new(endpoint, settings.Context)
        {
            ClientSecretReader = settings.ReadSecret,
            SigningAlgorithms = metadata?.SigningAlgorithms,
            Certificate = certificate?.Certificate,
            Tls = settings.UsesMutualTls ? certificate : null,
            CredentialValidity = certificate?.Validity,
        };
    }

    private async ValueTask<TlsCertificate?> CertificateAsync(ClientSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Certificate is not { } source)
        {
            return null;
        }

        DateTimeOffset now = timeProvider.GetUtcNow();
        TlsCertificate certificate = await source.GetAsync(now, cancellationToken).ConfigureAwait(false);
        if (source.TryMarkExpiryLogged(certificate, now))
        {
            events.CertificateExpires(settings.Context, certificate.Thumbprint, certificate.Certificate.NotAfter.ToUniversalTime());
        }

        return certificate;
    }

    // The mutual-TLS alias is used with every method. A configured endpoint is used as it is.
    private static Uri EndpointOf(ServerMetadata? metadata, ClientSettings settings)
    {
        if (metadata is null)
        {
            return new Uri(settings.Options.TokenEndpoint!);
        }

        if (!settings.UsesMutualTls)
        {
            return metadata.TokenEndpoint;
        }

        return metadata.MtlsTokenEndpoint ?? MainEndpointForMutualTls(metadata, settings);
    }

    private static Uri MainEndpointForMutualTls(ServerMetadata metadata, ClientSettings settings)
    {
        if (metadata.MtlsProblem is { } problem)
        {
            throw settings.Context.Failed(
                metadata.TokenEndpoint,
                $"the metadata document cannot be used: {problem}",
                $"See {settings.Context.Option(nameof(ClientCredentialsOptions.Authority))}.",
                kind: ErrorType.Metadata);
        }

        // With FAPI 2.0 the endpoint of a client that authenticates by its certificate does mutual TLS, with or without an alias.
        bool authenticatesByTls = settings.Options.RequireFapi2 && AuthenticationMethods.IsByTls(settings.Authentication.Method);
        if (!settings.Options.CertificateBoundTokens || authenticatesByTls)
        {
            return metadata.TokenEndpoint;
        }

        string endpoint = settings.Context.Option(nameof(ClientCredentialsOptions.TokenEndpoint));
        string remedy = $"If this one does mutual TLS, set {endpoint} to it.";
        if (settings.Options.RequireFapi2)
        {
            remedy = $"Set {settings.Context.Option(nameof(ClientCredentialsOptions.AuthenticationMethod))} to tls_client_auth, "
                + "or remove the certificate to use DPoP.";
        }

        throw settings.Context.Failed(
            metadata.TokenEndpoint,
            "the server's metadata names no endpoint for mutual TLS (mtls_endpoint_aliases), and CertificateBoundTokens requires one",
            remedy,
            kind: ErrorType.Metadata);
    }

    private static void AddParameters(AuthorizationServerRequest request, TokenRequest resolved)
    {
        request.AddParameter("grant_type", "client_credentials");
        AddIfAny(request, "scope", string.Join(' ', resolved.Scopes ?? []));
        foreach (string resource in resolved.Resources ?? [])
        {
            request.AddParameter("resource", resource);
        }

        AddIfAny(request, "audience", resolved.Audience);
        AddIfAny(request, "authorization_details", resolved.AuthorizationDetails);
        foreach ((string name, string value) in resolved.ParameterList)
        {
            request.AddParameter(name, value);
        }
    }

    // A parameter without a value is omitted, never sent empty.
    private static void AddIfAny(AuthorizationServerRequest request, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            request.AddParameter(name, value);
        }
    }
}
