using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>R-310: what stands in the section <c>ClientCredentials</c>, and what becomes of it.</summary>
public sealed class BindingTests
{
    [Fact]
    [Trait("Req", "R-310")]
    public async Task Children_are_named_clients_and_options_directly_under_the_section_are_the_default_client()
    {
        await using Configured app = new([.. Configured.Client("", "default"), .. Configured.Client("orders", "orders"), .. Configured.Client("stock", "stock")]);
        Assert.Empty(app.Start());
        foreach (string name in new[] { "", "orders", "stock" })
        {
            await app.Tokens.GetTokenAsync(name);
            Assert.Equal(name.Length == 0 ? "default" : name, app.Endpoint.Requests[^1].ClientId);
        }
    }

    [Theory]
    [Trait("Req", "R-310")]
    [InlineData("orders")]
    [InlineData("ORDERS")]
    [InlineData("Orders")]
    public async Task A_client_of_the_configuration_is_found_in_any_case_and_is_one(string spelled)
    {
        await using Configured app = new(Configured.Client("Orders"));
        Assert.Equal("token-1", (await app.Tokens.GetTokenAsync("Orders")).Value);
        Assert.Equal("token-1", (await app.Tokens.GetTokenAsync(spelled)).Value);
        app.Endpoint.Always(TestResponse.Error("invalid_scope"));
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await app.Tokens.GetTokenAsync(spelled, new TokenRequest { Audience = "x" }));
        Assert.Equal("Orders", exception.ClientName);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_named_client_inherits_nothing_and_ConfigureAll_shares()
    {
        (string, string?)[] settings = [.. Configured.Client(""), ("orders:ClientId", "orders"), ("orders:ClientSecret", "canary")];
        await using Configured alone = new(settings);
        Assert.Contains("ClientCredentials:orders:TokenEndpoint is missing", Assert.Single(alone.Start()), StringComparison.Ordinal);
        await using Configured shared = new(settings, services => services.ConfigureAll<ClientCredentialsOptions>(options => options.TokenEndpoint = "https://id.example.com/shared"));
        Assert.Empty(shared.Start());
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    public async Task An_unknown_name_fails_and_lists_the_known_ones()
    {
        await using Configured app = new([.. Configured.Client("orders"), .. Configured.Client("stock")]);
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(async () => await app.Tokens.GetTokenAsync("order"));
        Assert.Contains("Client 'order' is not registered", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Known clients: 'orders', 'stock'", exception.Message, StringComparison.Ordinal);
        Assert.Empty(app.Endpoint.Requests);
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    public async Task The_default_client_counts_only_if_it_is_configured_or_used()
    {
        await using Configured unused = new(Configured.Client("orders"));
        Assert.Empty(unused.Start());
        await using Configured touched = new([.. Configured.Client("orders"), ("ClientId", "shop")]);
        Assert.Contains(touched.Start(), failure => failure.StartsWith("ClientCredentials:TokenEndpoint is missing", StringComparison.Ordinal));
        await using Configured used = new(Configured.Client("orders"), services => services.AddHttpClient("api").AddClientCredentialsHandler());
        Assert.Contains("The default client is not registered", Assert.Single(used.Start()), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-310")]
    [InlineData("Scopes")]
    [InlineData("clientid")]
    [InlineData("PARAMETERS")]
    public void A_client_cannot_have_the_name_of_an_option(string name)
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddClientCredentials(name, _ => { }));
        Assert.Contains($"A client cannot be named '{name}': that is the name of an option", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_child_with_the_name_of_an_option_belongs_to_the_default_client()
    {
        await using Configured app = new([.. Configured.Client(""), ("clientSECRET:ClientId", "x")]);
        Assert.Contains(app.Start(), failure => failure.Contains("ClientCredentials:clientSECRET is an option and takes a single value; a client cannot have that name", StringComparison.OrdinalIgnoreCase));
        await using Configured parameters = new([.. Configured.Client(""), ("parameters:tenant", "seven")]);
        Assert.Empty(parameters.Start());
        await parameters.Tokens.GetTokenAsync();
        Assert.Equal("seven", parameters.Endpoint.Requests[^1]["tenant"]);
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    [InlineData("orders:ClientID2", "ClientCredentials:orders:ClientID2 is not an option. Options are AllowInsecureHttp, ")]
    [InlineData("orders:Scope", "ClientCredentials:orders:Scope is not an option")]
    [InlineData("ClientSecrets", "ClientCredentials:ClientSecrets is not an option")]
    public async Task A_misspelt_option_is_an_error_that_names_its_path(string key, string failure)
    {
        await using Configured app = new([.. Configured.Client(""), .. Configured.Client("orders"), (key, "canary")]);
        Assert.StartsWith(failure, Assert.Single(app.Start()), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", string.Concat(app.Start()), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-310")]
    [InlineData("orders:Scopes", "b a")]
    [InlineData("orders:Scopes:0", "b a")]
    public async Task Scopes_are_a_list_or_one_string(string key, string value)
    {
        await using Configured app = new([.. Configured.Client("orders"), (key, value)]);
        Assert.Empty(app.Start());
        await app.Tokens.GetTokenAsync("orders");
        Assert.Equal("a b", app.Endpoint.Requests[^1]["scope"]);
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    [InlineData("orders:MaxRetries", "many")]
    [InlineData("orders:Timeout", "soon")]
    [InlineData("orders:AllowInsecureHttp", "perhaps")]
    [InlineData("orders:BasicEncoding", "Base65")]
    public async Task A_value_of_the_wrong_kind_is_an_error_that_names_its_path(string key, string value)
    {
        await using Configured app = new([.. Configured.Client("orders").Where(setting => setting.Key != key), (key, value)]);
        Exception? exception = Record.Exception(() => app.Services.GetRequiredService<IStartupValidator>().Validate());
        Assert.NotNull(exception);
        Assert.Contains($"ClientCredentials:{key}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public void Every_option_can_stand_in_configuration()
    {
        Dictionary<string, string> values = new()
        {
            ["Authority"] = "https://id.example.com/",
            ["MetadataAddress"] = "https://id.example.com/meta",
            ["TokenEndpoint"] = "https://id.example.com/token",
            ["ClientId"] = "shop",
            ["ClientSecret"] = "s",
            ["ClientSecretFile"] = "/run/s",
            ["AuthenticationMethod"] = "none",
            ["BasicEncoding"] = "Raw",
            ["ClientAssertionFile"] = "/run/token",
            ["CertificateFile"] = "/run/tls.crt",
            ["CertificateKeyFile"] = "/run/tls.key",
            ["CertificatePassword"] = "p",
            ["CertificateThumbprint"] = "00",
            ["CertificateStore"] = "LocalMachine/My",
            ["CertificateBoundTokens"] = "true",
            ["PrivateKey"] = "k",
            ["PrivateKeyFile"] = "/run/key",
            ["PrivateKeyPassword"] = "p",
            ["KeyId"] = "1",
            ["KeyAlgorithm"] = "ES256",
            ["AssertionAudience"] = "aud",
            ["AssertionType"] = "JWT",
            ["AssertionLifetime"] = "00:00:30",
            ["Scopes:0"] = "a",
            ["Resources:0"] = "https://a.example/",
            ["Audience"] = "aud",
            ["AuthorizationDetails"] = "[]",
            ["Parameters:p"] = "v",
            ["AllowedEndpointHosts:0"] = "h.example",
            ["AllowInsecureHttp"] = "true",
            ["Timeout"] = "00:00:07",
            ["AttemptTimeout"] = "00:00:03",
            ["MaxRetries"] = "1",
            ["MaxConcurrentRequests"] = "3",
            ["MaxRetryAfter"] = "00:00:09",
            ["MaxResponseBytes"] = "2048",
            ["DefaultLifetime"] = "00:01:00",
            ["MaxLifetime"] = "01:00:00",
            ["RequireAllScopes"] = "true",
            ["RequireBearerSyntax"] = "true",
        };
        ClientCredentialsOptions bound = new();
        IConfiguration section = new ConfigurationBuilder().AddInMemoryCollection(values.Select(value => KeyValuePair.Create($"ClientCredentials:orders:{value.Key}", (string?)value.Value))).Build();
        new BindFromConfiguration(new ConfiguredClients([], section.GetSection("ClientCredentials"))).Configure("orders", bound);
        ClientCredentialsOptions defaults = new();
        foreach (PropertyInfo option in typeof(ClientCredentialsOptions).GetProperties())
        {
            Assert.True(values.Keys.Any(key => key.Split(':')[0] == option.Name), $"{option.Name} is missing here.");
            object? now = option.GetValue(bound);
            object? before = option.GetValue(defaults);
            Assert.True(now is System.Collections.ICollection collection ? collection.Count == 1 : !Equals(now, before), $"{option.Name} was not bound.");
        }

        Assert.Equal(typeof(ClientCredentialsOptions).GetProperties().Select(option => option.Name).Order(StringComparer.Ordinal), OptionTable.Names);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_reload_reaches_clients_that_are_only_in_configuration()
    {
        await using Configured app = new([.. Configured.Client("orders"), .. Configured.Client("stock")]);
        await app.Tokens.GetTokenAsync("orders");
        await app.Tokens.GetTokenAsync("stock");
        app.Reload("orders:ClientId", "shop-2");
        Assert.Equal("token-3", (await app.Tokens.GetTokenAsync("orders")).Value);
        Assert.Equal("shop-2", app.Endpoint.Requests[^1].ClientId);
        Assert.Equal("token-2", (await app.Tokens.GetTokenAsync("stock")).Value);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_client_that_comes_by_reload_is_known()
    {
        await using Configured app = new(Configured.Client("orders"));
        await app.Tokens.GetTokenAsync("orders");
        foreach ((string key, string? value) in Configured.Client("stock"))
        {
            app.Configuration[$"ClientCredentials:{key}"] = value;
        }

        app.Configuration.Reload();
        Assert.Equal("token-2", (await app.Tokens.GetTokenAsync("stock")).Value);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task A_section_of_ones_own_binds_and_reloads_too()
    {
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(Configured.Client("x").Select(setting => KeyValuePair.Create($"My:{setting.Key}", setting.Value))).Build();
        await using Configured app = new([], services => services.AddClientCredentials("orders", configuration.GetSection("My:x")));
        Assert.Empty(app.Start());
        await app.Tokens.GetTokenAsync("orders");
        configuration["My:x:ClientId"] = "shop-2";
        configuration.Reload();
        Assert.Equal("token-2", (await app.Tokens.GetTokenAsync("orders")).Value);
        configuration["My:x:TokenEndpoint"] = "http://id.example.com/token";
        configuration.Reload();
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => app.Options("orders"));
        Assert.StartsWith("My:x:TokenEndpoint must be https", Assert.Single(exception.Failures), StringComparison.Ordinal);
        Assert.Equal("token-2", (await app.Tokens.GetTokenAsync("orders")).Value);
    }
}
