using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Caching;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>How often options are read, and what stays of those that could not be.</summary>
[Collection(nameof(Alone))]
public sealed class RereadTests
{
    [Fact]
    [Trait("Req", "R-225")]
    [Trait("Req", "R-342")]
    public async Task A_source_of_options_that_threw_once_is_asked_again()
    {
        TestAuthorizationServer server = new();
        int calls = 0;
        await using ServiceProvider services = Hostile.Services(null, server, ("tenant", options =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                throw new TimeoutException("the tenants' database did not answer");
            }
        }
        ));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await Assert.ThrowsAnyAsync<Exception>(async () => await tokens.GetTokenAsync("tenant"));
        Exception? failure = await Record.ExceptionAsync(async () => await tokens.GetTokenAsync("tenant"));
        Assert.True(failure is null, $"asked {calls} times; again {failure?.GetType().Name}: {failure?.Message}");
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task A_tenant_that_was_asked_for_too_early_is_found_when_it_is_there()
    {
        TestAuthorizationServer server = new();
        bool exists = false;
        ServiceCollection collection = new();
        collection.AddClientCredentials("known", options => (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "known", "secret"));
        collection.ConfigureAll<ClientCredentialsOptions>(options =>
        {
            if (exists)
            {
                (options.TokenEndpoint, options.ClientId, options.ClientSecret) = (OneClient.Endpoint, "tenant", "secret");
            }
        });
        await using ServiceProvider services = collection.UseTestAuthorizationServer(server).BuildServiceProvider();
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await Assert.ThrowsAsync<OptionsValidationException>(async () => await tokens.GetTokenAsync("tenant"));
        exists = true;
        Exception? failure = await Record.ExceptionAsync(async () => await tokens.GetTokenAsync("tenant"));
        Assert.True(failure is null, failure?.Message);
    }

    [Fact]
    [Trait("Req", "R-076")]
    public async Task Names_that_are_no_clients_leave_nothing_behind()
    {
        await using ServiceProvider services = Hostile.Services(null, new TestAuthorizationServer(), ("known", _ => { }));
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        await tokens.GetTokenAsync("known");
        for (int number = 0; number < 100; number++)
        {
            Record.Exception(() => tokens.GetSource("warm" + number, null));
        }

        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int number = 0; number < 3000; number++)
        {
            Record.Exception(() => tokens.GetSource("nobody-" + number, null));
        }

        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / 3000;
        GC.KeepAlive(services);
        Assert.True(each < 100, $"{each} bytes are kept for each name that somebody asked for in vain");
    }

    [Fact]
    [Trait("Req", "R-342")]
    public async Task One_reload_reads_the_options_of_each_client_a_few_times_and_not_once_for_each_client()
    {
        const int Count = 100;
        Dictionary<string, string?> settings = [];
        for (int number = 0; number < Count; number++)
        {
            settings[$"c{number}:ClientId"] = $"c{number}";
        }

        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        int read = 0;
        ServiceCollection collection = new();
        for (int number = 0; number < Count; number++)
        {
            collection.AddClientCredentials($"c{number}", configuration.GetSection($"c{number}"));
        }

        collection.ConfigureAll<ClientCredentialsOptions>(options =>
        {
            Interlocked.Increment(ref read);
            (options.TokenEndpoint, options.ClientSecret) = (OneClient.Endpoint, "secret");
        });
        await using ServiceProvider services = collection.UseTestAuthorizationServer(new()).BuildServiceProvider();
        TokenProvider tokens = services.GetRequiredService<TokenProvider>();
        for (int number = 0; number < Count; number++)
        {
            await tokens.GetTokenAsync($"c{number}");
        }

        read = 0;
        configuration.Reload();
        Assert.InRange(read, Count, 5 * Count);
    }
}
