using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>How the section <c>ClientCredentials</c> describes clients (R-310).</summary>
public sealed class BindingTests
{
    private static readonly (string Key, string? Value)[] Default = TestProvider.Settings("");
    private static readonly (string Key, string? Value)[] Orders = TestProvider.Settings("orders");
    private static readonly (string Key, string? Value)[] Stock = TestProvider.Settings("stock", "stock");

    [Fact]
    [Trait("Req", "R-310")]
    public async Task Children_are_named_clients_and_options_of_the_section_the_default_one()
    {
        await using TestProvider provider = TestProvider.FromConfiguration(
            [.. TestProvider.Settings("", "default"), .. TestProvider.Settings("Orders", "orders"), .. Stock]);
        Assert.Empty(provider.ValidateOnStart());
        foreach (string name in new[] { "", "Orders", "stock" })
        {
            await provider.GetAsync(name);
        }

        Assert.Equal(["default", "orders", "stock"], provider.Server.Requests.Select(request => request.ClientId));
        Assert.Equal("token-2 token-2", $"{await provider.GetAsync("orders")} {await provider.GetAsync("ORDERS")}");
        provider.Server.Always(TestResponse.Error("invalid_scope"));
        Assert.Equal("Orders", (await provider.FailAsync("ORDERS", new() { Audience = "x" })).ClientName);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task Named_client_inherits_nothing_and_ConfigureAll_shares()
    {
        (string, string?)[] settings = [.. Default, ("orders:ClientId", "orders"), ("orders:ClientSecret", "canary")];
        await using TestProvider alone = TestProvider.FromConfiguration(settings);
        string failure = Assert.Single(alone.ValidateOnStart());
        Assert.StartsWith("ClientCredentials:orders:TokenEndpoint is missing", failure, StringComparison.Ordinal);
        await using TestProvider shared = TestProvider.FromConfiguration(
            settings,
            services => services.ConfigureAll<ClientCredentialsOptions>(options => options.TokenEndpoint = TestProvider.TokenEndpoint));
        Assert.Empty(shared.ValidateOnStart());
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    public async Task Unknown_name_is_an_error_that_lists_the_known_ones()
    {
        await using TestProvider provider = TestProvider.FromConfiguration([.. Orders, .. Stock]);
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => provider.GetAsync("order"));
        Assert.Contains("Client 'order' is not registered", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'orders', 'stock'", exception.Message, StringComparison.Ordinal);
        Assert.Empty(provider.Server.Requests);
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    public async Task Default_client_is_validated_only_if_it_is_configured_or_used()
    {
        await using TestProvider unused = TestProvider.FromConfiguration(Orders);
        Assert.Empty(unused.ValidateOnStart());
        await using TestProvider touched = TestProvider.FromConfiguration([.. Orders, ("ClientId", "shop")]);
        Assert.Contains(
            touched.ValidateOnStart(),
            failure => failure.StartsWith("ClientCredentials:TokenEndpoint is missing", StringComparison.Ordinal));
        await using TestProvider used = TestProvider.FromConfiguration(
            Orders,
            services => services.AddHttpClient("api").AddClientCredentialsHandler());
        Assert.Contains("The default client is not registered", Assert.Single(used.ValidateOnStart()), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-310")]
    [InlineData("Scopes")]
    [InlineData("clientid")]
    [InlineData("PARAMETERS")]
    public void Client_cannot_have_the_name_of_an_option(string name)
    {
        ArgumentException exception = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddClientCredentials(name, _ => { }));
        Assert.Contains($"'{name}'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task Child_with_the_name_of_an_option_belongs_to_the_default_client()
    {
        await using TestProvider provider = TestProvider.FromConfiguration([.. Default, ("clientSECRET:ClientId", "x")]);
        Assert.Contains(
            provider.ValidateOnStart(),
            failure => failure.StartsWith("ClientCredentials:clientSECRET must be a single value", StringComparison.OrdinalIgnoreCase));
        await using TestProvider parameters = TestProvider.FromConfiguration([.. Default, ("parameters:tenant", "seven")]);
        Assert.Empty(parameters.ValidateOnStart());
        await parameters.GetAsync();
        Assert.Equal("seven", parameters.Server.Requests[^1]["tenant"]);
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    [InlineData("orders:ClientID2")]
    [InlineData("orders:Scope")]
    [InlineData("ClientSecrets")]
    public async Task Misspelt_option_is_an_error_that_names_its_path(string key)
    {
        await using TestProvider provider = TestProvider.FromConfiguration([.. Default, .. Orders, (key, "canary")]);
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.StartsWith($"ClientCredentials:{key} is not an option", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-310")]
    [InlineData("b a", null, null)]
    [InlineData(null, "b a", null)]
    [InlineData("b", "a", null)]
    [InlineData("b a", null, "a")]
    public async Task Scopes_are_a_list_or_one_string_or_both(string? value, string? first, string? other)
    {
        (string, string?)[] all = [("orders:Scopes", value), ("orders:Scopes:0", first), ("orders:Scopes:x", other)];
        IEnumerable<(string Key, string? Value)> scopes = all.Where(scope => scope.Item2 is not null);
        await using TestProvider provider = TestProvider.FromConfiguration([.. Orders, .. scopes]);
        Assert.Empty(provider.ValidateOnStart());
        await provider.GetAsync("orders");
        Assert.Equal("a b", provider.Server.Requests[^1]["scope"]);
    }

    [Theory]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-310")]
    [InlineData("orders:MaxRetries", "many")]
    [InlineData("orders:Timeout", "soon")]
    [InlineData("orders:AllowInsecureHttp", "perhaps")]
    [InlineData("orders:BasicEncoding", "Base65")]
    public async Task Value_of_the_wrong_kind_is_an_error_that_names_its_path(string key, string value)
    {
        await using TestProvider provider =
            TestProvider.FromConfiguration([.. Orders.Where(setting => setting.Key != key), (key, value)]);
        Exception? exception = Record.Exception(provider.Services.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains($"ClientCredentials:{key}", exception!.Message, StringComparison.Ordinal);
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
            ["RevocationEndpoint"] = "https://id.example.com/revoke",
            ["RevokeOnDispose"] = "true",
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
            ["DPoPBoundAccessTokens"] = "true",
            ["DPoPKeyFile"] = "/run/dpop.pem",
            ["PrivateKey"] = "k",
            ["PrivateKeyFile"] = "/run/key",
            ["PrivateKeyPassword"] = "p",
            ["KeyId"] = "1",
            ["KeyAlgorithm"] = "ES256",
            ["AssertionAudience"] = "aud",
            ["AssertionType"] = "JWT",
            ["AssertionCertificateHeader"] = "x5c",
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
            ["AcceptedTokenTypes:0"] = "BearerToken",
            ["RequireAllScopes"] = "true",
            ["RequireBearerSyntax"] = "true",
            ["RequireFapi2"] = "true",
            ["WarmUp"] = "Background",
            ["KeepWarm"] = "true",
        };
        ClientCredentialsOptions bound = new();
        IEnumerable<KeyValuePair<string, string?>> settings =
            values.Select(value => KeyValuePair.Create($"ClientCredentials:orders:{value.Key}", (string?)value.Value));
        IConfiguration section = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        new BindFromConfiguration(new ConfiguredClients([], section.GetSection("ClientCredentials"))).Configure("orders", bound);
        ClientCredentialsOptions defaults = new();
        foreach (PropertyInfo option in typeof(ClientCredentialsOptions).GetProperties())
        {
            Assert.True(values.Keys.Any(key => key.Split(':')[0] == option.Name), $"{option.Name} is missing here.");
            object? now = option.GetValue(bound);
            object? before = option.GetValue(defaults);
            bool isBound = now is System.Collections.ICollection collection ? collection.Count == 1 : !Equals(now, before);
            Assert.True(isBound, $"{option.Name} was not bound.");
        }

        IEnumerable<string> names = typeof(ClientCredentialsOptions).GetProperties().Select(option => option.Name);
        Assert.Equal(names.Order(StringComparer.Ordinal), OptionTable.Names);
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task Reload_changes_and_adds_clients_that_are_only_in_configuration()
    {
        await using TestProvider provider = TestProvider.FromConfiguration([.. Orders, .. Stock]);
        Assert.Equal("token-1 token-2", $"{await provider.GetAsync("orders")} {await provider.GetAsync("stock")}");
        foreach ((string key, string? value) in TestProvider.Settings("new"))
        {
            provider.Configuration[$"ClientCredentials:{key}"] = value;
        }

        provider.Reload("orders:ClientId", "shop-2");
        Assert.Equal("token-3 token-2", $"{await provider.GetAsync("orders")} {await provider.GetAsync("stock")}");
        Assert.Equal("shop-2", provider.Server.Requests[^1].ClientId);
        Assert.Equal("token-4", await provider.GetAsync("new"));
    }

    [Fact]
    [Trait("Req", "R-310")]
    public async Task Another_section_binds_and_reloads_too()
    {
        IEnumerable<KeyValuePair<string, string?>> settings =
            TestProvider.Settings("x").Select(setting => KeyValuePair.Create($"My:{setting.Key}", setting.Value));
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        await using TestProvider provider =
            TestProvider.WithServices(services => services.AddClientCredentials("orders", configuration.GetSection("My:x")));
        Assert.Empty(provider.ValidateOnStart());
        await provider.GetAsync("orders");
        configuration["My:x:ClientId"] = "shop-2";
        configuration.Reload();
        Assert.Equal("token-2", await provider.GetAsync("orders"));
        configuration["My:x:TokenEndpoint"] = "http://id.example.com/token";
        configuration.Reload();
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => provider.Options("orders"));
        Assert.StartsWith("My:x:TokenEndpoint must be https", Assert.Single(exception.Failures), StringComparison.Ordinal);
        Assert.Equal("token-2", await provider.GetAsync("orders"));
    }
}
