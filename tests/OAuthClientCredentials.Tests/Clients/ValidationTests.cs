using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Misconfiguration fails at start, says where, what is wrong and what to do, and quotes nothing.</summary>
public sealed class ValidationTests
{
    public static TheoryData<string, string?, string> Mistakes => new()
    {
        { "TokenEndpoint", null, "TokenEndpoint is missing. Set it to the address of the token endpoint, or set Authority" },
        { "TokenEndpoint", "canary", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "/canary", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "ftp://canary.example.com/token", "TokenEndpoint must be an absolute https address" },
        { "TokenEndpoint", "http://canary.example.com/token", "TokenEndpoint must be https: a secret would cross the network in the clear" },
        { "TokenEndpoint", "https://canary:canary@id.example.com/token", "TokenEndpoint must not hold user info" },
        { "TokenEndpoint", "https://id.example.com/token#canary", "TokenEndpoint must not have a fragment (RFC 6749 section 3.2)" },
        { "Authority", "http://canary.example.com/", "Authority must be https" },
        { "Authority", "https://canary.example.com/?a=b", "Authority must not have a query (RFC 8414 section 2)" },
        { "MetadataAddress", "https://id.example.com/canary", "MetadataAddress needs Authority" },
        { "ClientId", null, "ClientId is missing. Set it to the client id" },
        { "ClientId", "canary\n", "ClientId contains a line break or a NUL character. Remove it" },
        { "ClientSecret", null, "ClientSecret is missing. Set it from a secret store, or set ClientSecretFile" },
        { "ClientSecret", "canary\r\n", "ClientSecret contains a line break or a NUL character. Remove it" },
        { "ClientSecret", "can\0ary", "ClientSecret contains a line break or a NUL character. Remove it" },
        { "ClientSecretFile", "/run/canary", "ClientSecretFile is set beside ClientSecret. Remove one of the two" },
        { "AuthenticationMethod", "none", "AuthenticationMethod is none, but ClientSecret is set. Remove one of the two" },
        { "AuthenticationMethod", "canary", "AuthenticationMethod is not one of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none" },
        { "AuthenticationMethod", "Client_Secret_Basic", "AuthenticationMethod is not one of client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth, self_signed_tls_client_auth, none" },
        { "Scopes", "canary\"", "Scopes " },
        { "Scopes", "a  b", "Scopes " },
        { "Resources", "canary", "Resources " },
        { "Resources", "https://a.example/#canary", "Resources " },
        { "Parameters:grant_type", "canary", "Parameters " },
        { "Parameters:client_assertion_type", "canary", "Parameters " },
        { "Parameters:tenant", "", "Parameters " },
        { "AuthorizationDetails", "{canary", "AuthorizationDetails " },
        { "AuthorizationDetails", """{"type":"canary"}""", "AuthorizationDetails " },
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
    public async Task A_mistake_names_its_path_and_the_remedy_and_quotes_no_value(string option, string? value, string problem)
    {
        await using Configured app = new([.. Configured.Client("orders").Where(setting => setting.Key != $"orders:{option}"), ($"orders:{option}", value)]);
        string failure = Assert.Single(app.Start());
        Assert.StartsWith($"ClientCredentials:orders:{problem}", failure, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", failure, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(".", failure, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-003")]
    [InlineData("http://localhost/token")]
    [InlineData("http://127.0.0.1:8080/token")]
    [InlineData("http://[::1]/token")]
    [InlineData("https://id.example.com/token?tenant=7")]
    public async Task What_is_secure_enough_is_accepted(string endpoint)
    {
        await using Configured app = new([.. Configured.Client("orders").Where(setting => setting.Key != "orders:TokenEndpoint"), ("orders:TokenEndpoint", endpoint)]);
        Assert.Empty(app.Start());
    }

    [Fact]
    [Trait("Req", "R-003")]
    public async Task Plain_http_can_be_allowed_and_is_warned_of_once()
    {
        using Infrastructure.LogLines log = new();
        await using Configured app = new(
            [.. Configured.Client("orders").Where(setting => setting.Key != "orders:TokenEndpoint"), ("orders:TokenEndpoint", "http://id.example.com/token"), ("orders:AllowInsecureHttp", "true")],
            services => services.AddSingleton<Microsoft.Extensions.Logging.ILoggerProvider>(log));
        Assert.Empty(app.Start());
        await app.Tokens.GetTokenAsync("orders");
        app.Reload("orders:ClientSecret", "other");
        await app.Tokens.GetTokenAsync("orders");
        Assert.Single(log.Lines, line => line.Contains("allows plain http (AllowInsecureHttp)", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Req", "R-222")]
    public async Task All_mistakes_of_all_clients_are_told_at_once()
    {
        await using Configured app = new([("orders:ClientId", "a"), ("stock:TokenEndpoint", "http://id.example.com/")]);
        string[] failures = app.Start();
        Assert.All(["orders:TokenEndpoint", "orders:ClientSecret", "stock:TokenEndpoint", "stock:ClientId", "stock:ClientSecret"], path => Assert.Contains(failures, failure => failure.StartsWith($"ClientCredentials:{path} ", StringComparison.Ordinal)));
        Assert.Equal(5, failures.Length);
    }

    [Fact]
    [Trait("Req", "R-222")]
    [Trait("Req", "R-324")]
    public async Task A_host_does_not_start_with_a_mistake()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddClientCredentials("orders", options => options.ClientId = "shop");
        using IHost host = builder.Build();
        OptionsValidationException exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("ClientCredentials:orders:TokenEndpoint is missing", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-222")]
    public void Without_dependency_injection_a_mistake_fails_at_once_too()
    {
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options => options.ClientId = "shop"));
        Assert.Contains("ClientCredentials:TokenEndpoint is missing", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-222")]
    [InlineData("https://api.example.com/orders")]
    [InlineData("canary")]
    public async Task An_origin_that_is_none_fails_at_start(string origin)
    {
        await using Configured app = new(Configured.Client("orders"), services => services.AddHttpClient("api").AddClientCredentialsHandler("orders", options => options.AllowedOrigins = [origin]));
        Assert.Equal("AddClientCredentialsHandler on HttpClient 'api': AllowedOrigins must hold origins such as https://api.example.com or https://*.example.com, without a path.", Assert.Single(app.Start()));
    }
}
