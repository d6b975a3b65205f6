using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>A mistake in the options fails at start. The message names the option and the remedy, and quotes no value.</summary>
public sealed class ValidationTests
{
    public static TheoryData<string, string?, string> Mistakes => new()
    {
        { "TokenEndpoint", null, "TokenEndpoint is missing" },
        { "TokenEndpoint", "canary", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "/canary", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "ftp://canary.example.com/token", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "http://canary.example.com/token", "TokenEndpoint must be https" },
        { "TokenEndpoint", "https://canary:canary@id.example.com/token", "TokenEndpoint must not contain user info" },
        { "TokenEndpoint", "https://id.example.com/token#canary", "TokenEndpoint must not have a fragment (RFC 6749 section 3.2)" },
        { "Authority", "http://canary.example.com/", "Authority must be https" },
        { "Authority", "https://canary.example.com/?a=b", "Authority must not have a query (RFC 8414 section 2)" },
        { "MetadataAddress", "https://id.example.com/canary", "MetadataAddress needs Authority" },
        { "ClientId", null, "ClientId is missing" },
        { "ClientId", "canary\n", "ClientId contains a line break or a NUL character" },
        { "ClientSecret", null, "ClientSecret is missing" },
        { "ClientSecret", "canary\r\n", "ClientSecret contains a line break or a NUL character" },
        { "ClientSecret", "can\0ary", "ClientSecret contains a line break or a NUL character" },
        { "ClientSecretFile", "/run/canary", "ClientSecretFile " },
        { "AuthenticationMethod", "none", "AuthenticationMethod is none, but ClientSecret is set" },
        { "AuthenticationMethod", "canary", "AuthenticationMethod is not one of client_secret_basic, client_secret_post" },
        { "AuthenticationMethod", "Client_Secret_Basic", "AuthenticationMethod is not one of client_secret_basic, client_secret_post" },
        { "Scopes", "canary\"", "Scopes " },
        { "Scopes", "a  b", "Scopes " },
        { "Resources", "canary", "Resources " },
        { "Resources", "https://a.example/#canary", "Resources " },
        { "Parameters:grant_type", "canary", "Parameters " },
        { "Parameters:client_assertion_type", "canary", "Parameters " },
        { "Parameters:tenant", "", "Parameters " },
        { "AuthorizationDetails", "{canary", "AuthorizationDetails " },
        { "AuthorizationDetails", """{"type":"canary"}""", "AuthorizationDetails " },
        { "AcceptedTokenTypes", "dpop", "AcceptedTokenTypes must not contain DPoP" },
        { "Timeout", "00:00:00", "Timeout must be between 10 milliseconds and 10 minutes" },
        { "Timeout", "1.00:00:00", "Timeout must be between 10 milliseconds and 10 minutes" },
        { "AttemptTimeout", "-00:00:01", "AttemptTimeout must be between 10 milliseconds and 10 minutes" },
        { "MaxRetries", "-1", "MaxRetries must be between 0 and 10" },
        { "MaxConcurrentRequests", "0", "MaxConcurrentRequests must be between 1 and 1000" },
        { "MaxRetryAfter", "02:00:00", "MaxRetryAfter must be between 0 and 1 hour" },
        { "MaxResponseBytes", "0", "MaxResponseBytes must be between 1024 and 1048576 bytes" },
        { "MaxResponseBytes", "2000000", "MaxResponseBytes must be between 1024 and 1048576 bytes" },
        { "DefaultLifetime", "00:00:00", "DefaultLifetime must be between 1 second and 1 day" },
        { "MaxLifetime", "00:00:00", "MaxLifetime must be between 1 second and 365 days" },
        { "BasicEncoding", "7", "BasicEncoding must be Rfc6749 or Raw" },
        {
            "RevocationEndpoint",
            "https://id.example.com/.well-known/oauth-authorization-server",
            "RevocationEndpoint must be the revocation endpoint, not the address of the metadata. Set it to the revocation_endpoint"
        },
        { "AuthorizationDetails", """[{"type":"\uD800"}]""", "AuthorizationDetails must be a JSON array (RFC 9396 section 2)" },
    };

    [Theory]
    [Trait("Req", "R-003")]
    [Trait("Req", "R-005")]
    [Trait("Req", "R-027")]
    [Trait("Req", "R-028")]
    [Trait("Req", "R-212")]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-230")]
    [Trait("Req", "R-231")]
    [MemberData(nameof(Mistakes))]
    public async Task Mistake_names_its_path_and_the_remedy_and_quotes_no_value(string option, string? value, string problem)
    {
        await using TestProvider provider = TestProvider.FromConfiguration(With(option, value));
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.StartsWith($"ClientCredentials:orders:{problem}", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(".", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-003")]
    [InlineData("TokenEndpoint", "https://id.example.com/token?tenant=7", true)]
    [InlineData("TokenEndpoint", "http://localhost/token", true)]
    [InlineData("TokenEndpoint", "http://127.0.0.1:8080/token", true)]
    [InlineData("TokenEndpoint", "http://[::1]/token", true)]
    [InlineData("TokenEndpoint", "http://id.example.com/token", false)]
    [InlineData("TokenEndpoint", "http://10.0.0.1/token", false)]
    [InlineData("TokenEndpoint", "http://localhost.example.com/token", false)]
    [InlineData("RevocationEndpoint", "https://id.example.com/revoke", true)]
    [InlineData("RevocationEndpoint", "http://id.example.com/revoke", false)]
    [InlineData("Authority", "https://id.example.com", true)]
    [InlineData("Authority", "http://localhost:8080", true)]
    [InlineData("Authority", "http://id.example.com", false)]
    public async Task Endpoints_are_https_or_loopback(string option, string value, bool isAccepted)
    {
        await using TestProvider provider = TestProvider.FromConfiguration(With(option, value));
        string[] failures = provider.ValidateOnStart();
        if (isAccepted)
        {
            Assert.Empty(failures);
            return;
        }

        Assert.StartsWith($"ClientCredentials:orders:{option} must be https", Assert.Single(failures), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-003")]
    public async Task Plain_http_can_be_allowed_and_is_logged_once()
    {
        using LogLines log = new();
        await using TestProvider provider = TestProvider.FromConfiguration(
            [.. With("TokenEndpoint", "http://id.example.com/token"), ("orders:AllowInsecureHttp", "true")],
            log: log);
        Assert.Empty(provider.ValidateOnStart());
        await provider.GetAsync("orders");
        provider.Reload("orders:ClientSecret", "other");
        await provider.GetAsync("orders");
        Assert.Single(log.Lines, line => line.Contains("AllowInsecureHttp", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-222")]
    public async Task All_mistakes_of_all_clients_are_reported_together()
    {
        await using TestProvider provider =
            TestProvider.FromConfiguration([("orders:ClientId", "a"), ("stock:TokenEndpoint", "http://id.example.com/")]);
        string[] options = ["orders:TokenEndpoint", "orders:ClientSecret", "stock:TokenEndpoint", "stock:ClientId", "stock:ClientSecret"];
        Assert.Equal(
            options.Select(option => $"ClientCredentials:{option}").Order(StringComparer.Ordinal),
            provider.ValidateOnStart().Select(failure => failure.Split(' ')[0]).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-324")]
    public async Task Host_does_not_start_with_a_mistake()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddClientCredentials("orders", options => options.ClientId = "shop");
        using IHost host = builder.Build();
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("Client 'orders': TokenEndpoint is missing", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-222")]
    [InlineData("https://api.example.com/orders")]
    [InlineData("canary")]
    public async Task Invalid_origin_is_an_error_at_start(string origin)
    {
        await using TestProvider provider = TestProvider.FromConfiguration(
            TestProvider.Settings("orders"),
            services => services.AddHttpClient("api").AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [origin]));
        string failure = Assert.Single(provider.ValidateOnStart());
        Assert.All(["'api'", "AllowedOrigins"], part => Assert.Contains(part, failure, StringComparison.Ordinal));
        Assert.DoesNotContain(origin, failure, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Key, string? Value)> With(string option, string? value) =>
        [.. TestProvider.Settings("orders").Where(setting => setting.Key != $"orders:{option}"), ($"orders:{option}", value)];
}
