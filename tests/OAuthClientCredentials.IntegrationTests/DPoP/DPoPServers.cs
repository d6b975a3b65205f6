using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>oidc-provider, and Apache if it is installed, for all tests of bound tokens.</summary>
[CollectionDefinition(nameof(DPoPServers))]
public sealed class DPoPServers : IAsyncLifetime, ICollectionFixture<DPoPServers>
{
    public const string Orders = "https://api.example.com/orders";

    private readonly X509Certificate2 _authority = TestCertificates.Authority();
    private OidcProviderServer? _oidc;
    private ApacheServer? _apache;

    internal OidcProviderServer Oidc => _oidc!;

    internal ApacheServer Apache => _apache!;

    public async Task InitializeAsync()
    {
        if (OidcProviderFolder.Unavailable is not null)
        {
            return;
        }

        _oidc = await OidcProviderServer.StartAsync();
        if (ApacheServer.Unavailable is null)
        {
            _apache = await ApacheServer.StartAsync(_oidc.Issuer);
        }
    }

    public async Task DisposeAsync()
    {
        await (_apache?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_oidc?.DisposeAsync() ?? ValueTask.CompletedTask);
        _authority.Dispose();
    }

    /// <summary>Requests a token that is bound to a key.</summary>
    internal async Task<string> RequestTokenAsync(ECDsa key, string? resource = null)
    {
        (string id, string secret) = await RegisterAsync();
        return (await new TestProof(key) { Address = Oidc.TokenEndpoint }.RequestAsync(id, secret, resource)).Result;
    }

    /// <summary>Registers a client of the library that must send proofs.</summary>
    internal async Task<MethodClient> RegisterAsync(string method)
    {
        string credential = method == "private_key_jwt" ? "ES256 by PrivateKeyFile" : "option";
        MethodClient client = new(method, credential, bound: false, _authority);
        await Oidc.RegisterAsync(client.ForOidcProvider().With("dpop_bound_access_tokens", true));
        return client;
    }

    /// <summary>Registers a client that must send proofs.</summary>
    internal async Task<(string Id, string Secret)> RegisterAsync()
    {
        (string id, string secret) = ($"client-{Guid.NewGuid():N}", $"{Canary.Marker}{Guid.NewGuid():N}");
        await Oidc.RegisterAsync(OidcClient.WithSecret(id, "client_secret_post", secret).With("dpop_bound_access_tokens", true));
        return (id, secret);
    }
}
