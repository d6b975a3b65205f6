using System.Security.Cryptography.X509Certificates;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>An authorization server and an API that takes its tokens, each with and without mutual TLS.</summary>
internal interface ITestServer
{
    string Issuer { get; }

    string TokenEndpoint { get; }

    /// <summary>Where client certificates are asked for; the metadata names it in mtls_endpoint_aliases.</summary>
    string MtlsTokenEndpoint { get; }

    Uri Api { get; }

    Uri MtlsApi { get; }

    /// <summary>A handler that trusts this server, and shows a certificate where there is one.</summary>
    SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null);
}
