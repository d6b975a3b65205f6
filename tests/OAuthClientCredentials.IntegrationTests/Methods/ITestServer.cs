using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>An authorization server and an API that accepts its tokens, each with and without mutual TLS.</summary>
internal interface ITestServer
{
    string Issuer { get; }

    string TokenEndpoint { get; }

    /// <summary>The token endpoint that asks for client certificates; the metadata names it in mtls_endpoint_aliases.</summary>
    string MtlsTokenEndpoint { get; }

    Uri Api { get; }

    Uri MtlsApi { get; }

    /// <summary>A handler that trusts this server, and sends a client certificate if there is one.</summary>
    SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null);
}
