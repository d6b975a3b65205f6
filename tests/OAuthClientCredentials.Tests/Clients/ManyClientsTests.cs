using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>What hundreds of clients cost at start and at a reload, counted in reads of the configuration.</summary>
public sealed class ManyClientsTests
{
    private const int Count = 100;

    private static readonly (string Key, string? Value)[] Settings =
        [.. Enumerable.Range(0, Count).SelectMany(number => TestProvider.Settings($"c{number}").Append(($"c{number}:Scopes:0", "a")))];

    [Fact]
    [Trait("Req", "R-304")]
    public async Task Section_of_each_client_is_read_once_at_start_and_once_at_a_reload()
    {
        TestConfiguration configuration = new(Settings);
        await using TestProvider provider = configuration.CreateProvider();
        configuration.Listings = 0;
        Assert.Empty(provider.ValidateOnStart());
        for (int number = 0; number < Count; number++)
        {
            await provider.GetAsync($"c{number}");
        }

        // The names beside the root section once, the section once, each client once, and the one list that each has.
        Assert.Equal(2 + (2 * Count), configuration.Listings);
        configuration.Listings = 0;
        configuration.Replace([.. Settings.Where(setting => setting.Key != "c7:ClientSecret"), ("c7:ClientSecret", "changed")]);
        Assert.Equal("changed", provider.Services.GetRequiredService<ClientSettingsProvider>().Get("c7").Options.ClientSecret);
        Assert.Equal(2 + (2 * Count), configuration.Listings);
    }

    [Fact]
    [Trait("Req", "R-304")]
    public async Task Section_that_a_client_is_registered_with_is_read_once_too()
    {
        TestConfiguration configuration = new(Settings);
        string[] names = [.. Enumerable.Range(0, Count).Select(number => $"c{number}")];
        await using TestProvider provider = TestProvider.WithServices(services => Array.ForEach(
            names,
            name => services.AddClientCredentials(name, configuration.Root.GetSection($"ClientCredentials:{name}"))));
        ClientSettingsProvider clients = provider.Services.GetRequiredService<ClientSettingsProvider>();
        for (int reload = 0; reload < 3; reload++)
        {
            configuration.Listings = 0;
            Array.ForEach(names, name => clients.Get(name));
            Assert.Equal(2 * Count, configuration.Listings);
            configuration.Replace(Settings);
        }
    }
}
