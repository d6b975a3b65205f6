using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>One of each server for all rows of the table.</summary>
public sealed class MethodServers : IAsyncLifetime
{
    private OidcProviderServer? _oidc;
    private OpenIddictServer? _openIddict;
    private OpenIddictServer? _bindingOpenIddict;

    internal X509Certificate2 Authority { get; } = TestCertificates.Authority();

    internal X509Certificate2 OtherCertificate { get; } = TestCertificates.Client("CN=other");

    internal OidcProviderServer Oidc => _oidc!;

    internal OpenIddictServer OpenIddict(bool bound) => bound ? _bindingOpenIddict! : _openIddict!;

    public async Task InitializeAsync()
    {
        _openIddict = await OpenIddictServer.StartAsync(Authority, bindsTokens: false);
        _bindingOpenIddict = await OpenIddictServer.StartAsync(Authority, bindsTokens: true);
        _oidc = OidcProviderFolder.Unavailable is null ? await OidcProviderServer.StartAsync(Authority) : null;
    }

    public async Task DisposeAsync()
    {
        await _openIddict!.DisposeAsync();
        await _bindingOpenIddict!.DisposeAsync();
        await (_oidc?.DisposeAsync() ?? ValueTask.CompletedTask);
        Authority.Dispose();
        OtherCertificate.Dispose();
    }
}
