using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>The mistakes on the page, in its order.</summary>
internal static class CommonMistakes
{
    private const string Remove = Mistake.Remove;

    private static readonly (string, string?) NoSecret = ("ClientSecret", Remove);
    private static readonly (string, string?) NoEndpoint = ("TokenEndpoint", Remove);
    private static readonly (string, string?) Audience = ("AssertionAudience", "https://id.example.com");
    private static readonly (string, string?)[] NoClient = [NoEndpoint, ("ClientId", Remove), NoSecret];

    public static IEnumerable<Mistake> All => [.. Names, .. Registrations, .. Values, .. Credentials, .. Servers, .. Correct];

    private static IEnumerable<Mistake> Names =>
    [
        new(
            "the variable `ClientCredentials__orders_ClientSecret`, with one underscore",
            NoSecret, ("ClientCredentials__orders_ClientSecret", "secret")),
        new("the variable `ClientCredentials_orders__ClientSecret`", NoSecret, ("ClientCredentials_orders__ClientSecret", "secret")),
        new("the variable `ClientCredentials_orders_Scopes`", ("ClientCredentials_orders_Scopes", "read")),
        new("the variable `ClientCredentials__orders_Scopes__0`", ("ClientCredentials__orders_Scopes__0", "read")),
        new(
            "only the variable `ClientCredentials__orders_ClientSecret`",
            [.. NoClient, ("ClientCredentials__orders_ClientSecret", "secret")]),
        new("the option `ClientSecrt`", NoSecret, ("ClientSecrt", "secret")),
        new("the option `client_secret`", NoSecret, ("client_secret", "secret")),
        new("the option `Scope`", ("Scope", "read")),
        new("the option `Authorty`", NoEndpoint, ("Authorty", "https://id.example.com")),
        new("the option `//`, as a comment in JSON", ("//", "comment")),
        new("the option `ClientSecrets` of the default client", ("ClientCredentials__ClientSecrets", "x")),
        new("the section `ClientCredential`", [.. NoClient, ("ClientCredential__orders__ClientId", "shop")]),
        new("the client `ordes` in configuration", [.. NoClient, .. ClientIn("ClientCredentials:ordes")]),
        new("the client `Scopes` in configuration", ("ClientCredentials__Scopes__ClientId", "shop")),
        new("the client `ClientId` in configuration", ("ClientCredentials__ClientId__ClientId", "shop")),
        new("an empty section: `GetSection(\"MyOrdrs\")`", ("MyOrders__ClientId", "shop"))
        {
            Register = (services, configuration) =>
            {
                services.AddClientCredentials("orders", configuration.GetSection("MyOrdrs"));
                Mistake.AddHttpClient(services);
            },
        },
    ];

    private static IEnumerable<Mistake> Registrations =>
    [
        new("`AddClientCredentialsHandler(\"ordes\")`")
        {
            Register = (services, _) =>
            {
                services.AddClientCredentials();
                Mistake.AddHttpClient(services, "ordes");
            },
        },
        new("`AddClientCredentialsHandler()`, but only `orders` is configured")
        {
            Register = (services, _) =>
            {
                services.AddClientCredentials();
                Mistake.AddHttpClient(services, null);
            },
        },
        new("`AddClientCredentialsHandler(\"orders\")`, but only the default client is registered")
        {
            Register = (services, _) =>
            {
                services.AddClientCredentials(options => TestProvider.Configure(options));
                Mistake.AddHttpClient(services);
            },
        },
        new("`AddClientCredentialsHandler(\"orders\")` without `AddClientCredentials`")
        {
            Register = (services, _) => Mistake.AddHttpClient(services),
        },
        new("`AddClientCredentials(\"orders\", o => ...)` without `ClientSecret`")
        {
            Register = (services, _) =>
            {
                TestProvider.AddClient(services, "orders", options => options.ClientSecret = null);
                Mistake.AddHttpClient(services);
            },
        },
        new("`AddClientCredentialsHandler` for `orders` and `stock` on one HttpClient")
        {
            Register = (services, _) =>
            {
                TestProvider.AddClient(services, "orders");
                TestProvider.AddClient(services, "stock");
                Mistake.AddHttpClient(services);
                Mistake.AddHttpClient(services, "stock");
            },
        },
    ];

    private static IEnumerable<Mistake> Values =>
    [
        new("`Timeout` is `30`", ("Timeout", "30")),
        new("`MaxLifetime` is `1`", ("MaxLifetime", "1")),
        new("`Timeout` is `30s`", ("Timeout", "30s")),
        new("`Timeout` is `24:00:00`", ("Timeout", "24:00:00")),
        new("`MaxRetries` is `many`", ("MaxRetries", "many")),
        new("`AllowInsecureHttp` is `yes`", ("AllowInsecureHttp", "yes")),
        new("`WarmUp` is `On`", ("WarmUp", "On")),
        new("`Audience` is a list", ("Audience:0", "a")),
        new("`ClientSecret` is an object", NoSecret, ("ClientSecret:Value", "secret")),
        new("`Parameters` is a string", ("Parameters", "tenant=7")),
        new("`Scopes` is `read,write`", ("Scopes", "read,write")) { TokenResponse = TestResponse.Error("invalid_scope") },
        new("`Scopes` has two blanks", ("Scopes", "read  write")),
    ];

    private static IEnumerable<Mistake> Credentials =>
    [
        new("`ClientSecret` ends in a blank", ("ClientSecret", "secret ")),
        new("`ClientSecret` ends in a line break", ("ClientSecret", "secret\n")),
        new("`ClientSecret` is `${ORDERS_SECRET}`", ("ClientSecret", "${ORDERS_SECRET}")),
        new("`ClientSecret` is `<secret>`", ("ClientSecret", "<secret>")),
        new("`ClientSecret` is `#{OrdersSecret}#`", ("ClientSecret", "#{OrdersSecret}#")),
        new(
            "`ClientSecret` is `@Microsoft.KeyVault(...)`",
            ("ClientSecret", "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)")),
        new("`ClientSecret` is `$(OrdersSecret)`", ("ClientSecret", "$(OrdersSecret)")),
        new("`ClientSecret` is `{{ .Values.secret }}`", ("ClientSecret", "{{ .Values.secret }}")),
        new("`Scopes` is `${SCOPES}`", ("Scopes", "${SCOPES}")),
        new("`ClientId` ends in a blank", ("ClientId", "shop ")),
        new("`ClientSecret` is an empty variable", ("ClientSecret", "")),
        new("no credential", NoSecret),
        new("`ClientSecret` and `ClientSecretFile`", ("ClientSecretFile", "{file}")) { File = "secret" },
        new("`ClientSecretFile` is the secret", NoSecret, ("ClientSecretFile", "canary")),
        new("`ClientSecretFile` is missing", NoSecret, ("ClientSecretFile", "/run/secrets/none")),
        new("`AuthenticationMethod` is `basic`", ("AuthenticationMethod", "basic")),
        new("`AuthenticationMethod` is `Client_Secret_Post`", ("AuthenticationMethod", "Client_Secret_Post")),
        new("`PrivateKey` without the package OAuthClientCredentials.Jwt", NoSecret, ("PrivateKey", "k")),
        new("`PrivateKey` is a path", NoSecret, Audience, ("PrivateKey", "/run/secrets/key.pem")) { Register = WithJwt },
        new("`PrivateKeyFile` is a PEM text", NoSecret, Audience, ("PrivateKeyFile", Pem)) { Register = WithJwt },
        new("`CertificateFile` is a PEM text", NoSecret, ("CertificateFile", Pem)),
        new("`ClientSecret` and `PrivateKey`", ("PrivateKey", Pem)),
    ];

    private static IEnumerable<Mistake> Servers =>
    [
        new(
            "`Authority` without its last slash",
            NoEndpoint, ("Authority", "https://id.example.com"))
        {
            Issuer = "https://id.example.com/",
        },
        new(
            "`Authority` in other case",
            NoEndpoint, ("Authority", "https://id.example.com/Realm"))
        {
            Issuer = "https://id.example.com/realm",
        },
        new("`Authority` with the port 443", NoEndpoint, ("Authority", "https://id.example.com:443")) { Issuer = "https://id.example.com" },
        new(
            "`Authority` is the address of the metadata",
            NoEndpoint, ("Authority", "https://id.example.com/.well-known/openid-configuration")),
        new("`TokenEndpoint` is the address of the metadata", ("TokenEndpoint", "https://id.example.com/.well-known/openid-configuration")),
        new(
            "`TokenEndpoint` has a placeholder: `https://id.example.com/<tenant>/token`",
            ("TokenEndpoint", "https://id.example.com/<tenant>/token")),
        new(
            "`Authority` has a placeholder: `https://id.example.com/{tenant}`",
            NoEndpoint, ("Authority", "https://id.example.com/{tenant}")),
        new("`TokenEndpoint` without a scheme", ("TokenEndpoint", "id.example.com/token")),
        new("`TokenEndpoint` is http", ("TokenEndpoint", "http://id.example.com/token")),
        new("`TokenEndpoint` ends in a blank", ("TokenEndpoint", "https://id.example.com/token ")),
        new("the HttpClient's `BaseAddress` is http") { Address = "http://orders.example.com/" },
        new("the HttpClient has no `BaseAddress`")
        {
            Register = (services, _) =>
            {
                services.AddClientCredentials();
                services.AddHttpClient("orders").AddClientCredentialsHandler("orders");
            },
        },
        new("another host than that of `BaseAddress`") { Address = "https://stock.example.com/" },
    ];

    private static IEnumerable<Mistake> Correct =>
    [
        new("no mistake: the section `clientCredentials`", [.. NoClient, .. ClientIn("clientCredentials:ORDERS")]),
        new("no mistake: a client that no HttpClient uses", ClientIn("ClientCredentials:stock")),
        new("no mistake: a client in configuration and in code")
        {
            Register = (services, _) =>
            {
                services.AddClientCredentials();
                services.AddClientCredentials("orders", options => options.Scopes = ["read"]);
                Mistake.AddHttpClient(services);
            },
        },
        new("no mistake: a secret with `$`, `<` and `%`", ("ClientSecret", "$a<b%c{d}e#")),
        new("no mistake: a secret file with a line end of Windows", NoSecret, ("ClientSecretFile", "{file}")) { File = "secret\r\n" },
        new("no mistake: an empty variable for `Timeout`", ("Timeout", "")),
    ];

    private static (string, string?)[] ClientIn(string section) =>
    [
        ($"{section}:TokenEndpoint", TestProvider.TokenEndpoint),
        ($"{section}:ClientId", "shop"),
        ($"{section}:ClientSecret", "secret"),
    ];

    private static string Pem => $"-----BEGIN PRIVATE KEY-----\n{new string('A', 100)}\n-----END PRIVATE KEY-----";

    private static void WithJwt(IServiceCollection services, IConfiguration configuration)
    {
        services.AddClientCredentials().AddJwtAuthentication();
        Mistake.AddHttpClient(services);
    }
}
