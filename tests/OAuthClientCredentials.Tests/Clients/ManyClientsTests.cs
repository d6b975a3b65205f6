using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>What hundreds of clients cost at start and at a reload. Measured by what the source is asked, not by time.</summary>
public sealed class ManyClientsTests
{
    private const int Count = 100;

    [Fact]
    [Trait("Req", "R-304")]
    public async Task The_section_of_each_client_is_listed_once_at_start_and_once_at_a_reload()
    {
        ChangingConfiguration configuration = new(Clients());
        await using Configured app = configuration.Start();
        configuration.Listings = 0;
        Assert.Empty(app.Start());
        for (int number = 0; number < Count; number++)
        {
            await app.Tokens.GetTokenAsync($"c{number}");
        }

        // The root section once, each client once, and the one list that each has.
        Assert.Equal(1 + (2 * Count), configuration.Listings);
        configuration.Listings = 0;
        configuration.Replace([.. Clients().Select(setting => setting.Key == "c7:ClientSecret" ? (setting.Key, "changed") : setting)]);
        Assert.Equal("changed", app.Services.GetRequiredService<ClientSettingsProvider>().Get("c7").Options.ClientSecret);
        Assert.Equal(1 + (2 * Count), configuration.Listings);
    }

    [Fact]
    [Trait("Req", "R-304")]
    public async Task The_section_that_a_client_is_registered_with_is_listed_once_too()
    {
        ChangingConfiguration configuration = new(Clients());
        ServiceCollection services = new();
        for (int number = 0; number < Count; number++)
        {
            services.AddClientCredentials($"c{number}", configuration.Root.GetSection($"ClientCredentials:c{number}"));
        }

        await using ServiceProvider provider = services.BuildServiceProvider();
        ClientSettingsProvider registry = provider.GetRequiredService<ClientSettingsProvider>();
        for (int reload = 0; reload < 3; reload++)
        {
            configuration.Listings = 0;
            for (int number = 0; number < Count; number++)
            {
                registry.Get($"c{number}");
            }

            Assert.Equal(2 * Count, configuration.Listings);
            configuration.Replace(Clients());
        }
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_list_and_a_single_value_side_by_side_are_both_bound()
    {
        await using Configured app = new([.. Configured.Client("orders"), ("orders:Scopes", "c"), ("orders:Scopes:0", "a"), ("orders:Scopes:x", "b")]);
        Assert.Empty(app.Start());
        Assert.Equal(["a", "b", "c"], app.Options("orders").Scopes);
    }

    private static (string Key, string? Value)[] Clients() =>
        [.. Enumerable.Range(0, Count).SelectMany(number => Configured.Client($"c{number}").Append(($"c{number}:Scopes:0", "a")))];
}
