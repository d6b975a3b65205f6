using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Caching;

/// <summary>What RevokeOnDispose does at the end.</summary>
public sealed class RevokeOnDisposeTests
{
    [Theory]
    [Trait("Req", "R-232")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposing_the_services_revokes_every_valid_token(bool mutual)
    {
        using X509Certificate2 certificate = Certificates.Create();
        using RevocationServer server = new();
        await using (TestProvider provider = server.CreateProvider(options =>
        {
            options.RevokeOnDispose = true;
            if (mutual)
            {
                options.UseCertificate(_ => new(certificate));
                options.ClientSecret = null;
            }
        }))
        {
            await provider.GetAsync();
            await provider.GetAsync("", TestProvider.Scope("other"));
        }

        string[] bodies = [.. server.Revocations.Select(request => request.Split("\n\n")[1].Split('&')[0]).Order(StringComparer.Ordinal)];
        Assert.Equal(["token=token-1", "token=token-2"], bodies);
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task A_provider_without_services_revokes_its_token_too()
    {
        using RevocationServer server = new();
        await using (TokenProvider tokens = TokenProvider.Create(
            options =>
            {
                TestProvider.Configure(options);
                (options.RevocationEndpoint, options.RevokeOnDispose) = (RevocationServer.Endpoint, true);
            },
            server))
        {
            await tokens.GetTokenAsync();
        }

        Assert.Single(server.Revocations);
    }

    [Theory]
    [Trait("Req", "R-232")]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Nothing_is_revoked_without_the_option_or_by_Dispose(bool isOn, bool isSynchronous)
    {
        using RevocationServer server = new();
        TestProvider provider = server.CreateProvider(options => options.RevokeOnDispose = isOn);
        await provider.GetAsync();
        if (isSynchronous)
        {
            provider.Tokens.Dispose();
        }

        await provider.DisposeAsync();
        Assert.Empty(server.Revocations);
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task A_failure_is_logged_and_not_thrown()
    {
        using LogLines log = new();
        using RevocationServer server = new();
        server.Responses.Enqueue(() => Respond.Error(HttpStatusCode.BadRequest, "unsupported_token_type"));
        TestProvider provider = server.CreateProvider(options => options.RevokeOnDispose = true, log);
        await provider.GetAsync();
        await provider.DisposeAsync();
        string line = Assert.Single(log.Lines, line => line.StartsWith("Warning 24 ", StringComparison.Ordinal));
        Assert.Contains("unsupported_token_type", line, StringComparison.Ordinal);
        Assert.DoesNotContain("token-1", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-103")]
    [Trait("Req", "R-232")]
    public async Task A_server_that_hangs_delays_the_end_by_5_seconds_at_most()
    {
        using LogLines log = new();
        using RevocationServer server = new() { Delay = new TaskCompletionSource().Task };
        TestProvider provider = server.CreateProvider(options => options.RevokeOnDispose = true, log);
        await provider.GetAsync();
        Task disposal = provider.DisposeAsync().AsTask();
        await Eventually.True(() => server.Revocations.Count == 1);
        await provider.Time.AdvanceUntilAsync(disposal, max: TimeSpan.FromSeconds(6));
        await disposal;
        await Eventually.True(() => log.Lines.Any(line => line.StartsWith("Warning 24 ", StringComparison.Ordinal)));
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task With_a_shared_cache_it_is_an_error_at_start()
    {
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.AddSingleton<ISharedTokenCache>(_ => throw new InvalidOperationException("The check must not create it."));
            TestProvider.AddClient(services, "orders", options => options.RevokeOnDispose = true);
        });
        Assert.Equal(
            "Client 'orders': RevokeOnDispose must be false with a shared token cache: the other instances would lose the token that they "
            + "share. Remove one of the two.",
            Assert.Single(provider.ValidateOnStart()));
    }
}
