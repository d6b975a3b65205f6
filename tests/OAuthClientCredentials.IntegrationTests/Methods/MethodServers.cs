using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Methods;

/// <summary>The servers of the table, one of each for all its rows. oidc-provider takes assertions as RFC 10070 has them and no others.</summary>
public sealed class MethodServers : IAsyncLifetime
{
    private OidcProviderServer? _oidc;
    private OpenIddictServer? _openIddict;
    private OpenIddictServer? _bindingOpenIddict;

    internal X509Certificate2 Authority { get; } = TestCertificates.Authority();

    internal OidcProviderServer Oidc => _oidc!;

    internal OpenIddictServer OpenIddict(bool binds) => binds ? _bindingOpenIddict! : _openIddict!;

    public async Task InitializeAsync()
    {
        _openIddict = await OpenIddictServer.StartAsync(Authority, binds: false);
        _bindingOpenIddict = await OpenIddictServer.StartAsync(Authority, binds: true);
        _oidc = OidcProviderServer.Unavailable is null ? await OidcProviderServer.StartAsync(new OidcProviderSettings { CertificateAuthorities = [Authority], StrictAssertions = true }) : null;
    }

    public async Task DisposeAsync()
    {
        await _openIddict!.DisposeAsync();
        await _bindingOpenIddict!.DisposeAsync();
        await (_oidc?.DisposeAsync() ?? ValueTask.CompletedTask);
        Authority.Dispose();
    }
}
