using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Valid configuration that resembles a mistake.</summary>
public sealed class FalseAlarmTests
{
    [Theory]
    [Trait("Req", "R-364")]
    [InlineData("CLIENTCREDENTIALS_TIMEOUT", "5")]
    [InlineData("ClientCredentials_ClientId", "of-another-program")]
    [InlineData("ClientCredentials_stock_ClientSecret", "of-another-program")]
    public async Task Variable_of_another_program_does_not_stop_the_host(string variable, string value)
    {
        Dictionary<string, string?> settings = TestProvider.Settings("orders")
            .ToDictionary(setting => $"ClientCredentials:{setting.Key}", setting => setting.Value);
        settings[variable] = value;
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
            services.AddClientCredentials();
        });

        Assert.Equal("", Text(provider));
    }

    [Fact]
    [Trait("Req", "R-364")]
    public async Task Flat_variable_that_code_reads_is_no_mistake()
    {
        const string Name = "ClientCredentials_orders_ClientSecret";
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [Name] = "secret" }).Build();
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            services.AddSingleton(configuration);
            services.AddClientCredentials();
            TestProvider.AddClient(services, "orders", o => o.ClientSecret = configuration[Name]);
        });
        Assert.Equal("", Text(provider));
    }

    [Theory]
    [Trait("Req", "R-364")]
    [InlineData("correct horse ")]
    [InlineData(" p")]
    [InlineData("<p4ss>")]
    [InlineData("%p4ss%")]
    public async Task Password_of_a_key_is_taken_as_it_is(string password)
    {
        await using TestProvider provider = TestProvider.WithServices(services => TestProvider.AddClient(services, "orders", o =>
        {
            o.ClientSecret = null;
            o.CertificateFile = "/run/secrets/client.p12";
            o.CertificatePassword = password;
        }));
        Assert.Equal("", Text(provider));
    }

    [Theory]
    [Trait("Req", "R-364")]
    [InlineData("--", "")]
    [InlineData("!", "?")]
    public void Names_without_letters_are_not_similar(string name, string candidate) =>
        Assert.Null(NearestName.Find(name, [candidate]));

    private static string Text(TestProvider provider) => string.Join('\n', provider.ValidateOnStart());
}
