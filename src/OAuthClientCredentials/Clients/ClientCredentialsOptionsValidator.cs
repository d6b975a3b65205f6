using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// Every rule that options must keep. Each failure names the option's path, what is wrong and what to do, and never a value (R-212).
/// </summary>
internal sealed class ClientCredentialsOptionsValidator(ConfiguredClients directory) : IValidateOptions<ClientCredentialsOptions>
{
    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public ValidateOptionsResult Validate(string? name, ClientCredentialsOptions options)
    {
        string clientName = name ?? "";
        string path = directory.OptionsPathOf(clientName);
        ClientContext client = new(clientName, path, options.ClientId ?? "", options.Authority, TimeProvider.System);
        if (string.IsNullOrEmpty(options.ClientId) && !directory.IsKnown(clientName))
        {
            string problem = $"{client.DisplayName} is not registered: neither AddClientCredentials nor the section {path} defines it";
            return ValidateOptionsResult.Fail($"{problem}. Known clients: {KnownClients()}.");
        }

        List<string> failures = [.. Check(client, options)];
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private string KnownClients()
    {
        string names = string.Join(", ", directory.Names.Select(name => $"'{name}'"));
        return names.Length == 0 ? "none" : names;
    }

    private IEnumerable<string> Check(ClientContext client, ClientCredentialsOptions options)
    {
        if (OptionTable.Contains(client.ClientName))
        {
            yield return $"{client.DisplayName} cannot have that name: it is the name of an option. Choose another.";
        }

        IEnumerable<(string Option, string Problem)> problems = CheckSections(client.ClientName)
            .Concat(CheckServer(options))
            .Concat(CheckClient(options))
            .Concat(CredentialRules.Check(client, options))
            .Concat(CheckRequest(options))
            .Concat(CheckLimits(options));
        foreach ((string option, string problem) in problems)
        {
            yield return $"{client.Option(option)} {problem}.";
        }
    }

    // The binder ignores a misspelt option.
    private IEnumerable<(string Option, string Problem)> CheckSections(string name)
    {
        foreach (IConfigurationSection entry in directory.SectionsOf(name).SelectMany(section => section.GetChildren()))
        {
            if (!OptionTable.Contains(entry.Key))
            {
                yield return (entry.Key, $"is not an option. Options are {string.Join(", ", OptionTable.Names)}");
            }
            else if (OptionTable.IsScalar(entry.Key) && entry.GetChildren().Any())
            {
                yield return (entry.Key, "is an option and takes a single value; a client cannot have that name");
            }
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckServer(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.Authority) && string.IsNullOrEmpty(options.TokenEndpoint))
        {
            yield return (
                nameof(options.TokenEndpoint),
                "is missing. Set it to the address of the token endpoint, or set Authority to the issuer to discover it");
        }

        if (!string.IsNullOrEmpty(options.MetadataAddress) && string.IsNullOrEmpty(options.Authority))
        {
            yield return (nameof(options.MetadataAddress), "needs Authority: the issuer in the metadata is compared with it");
        }

        (string, string?)[] endpoints =
        [
            (nameof(options.Authority), CheckEndpoint(options.Authority) ?? EndpointRules.CheckIssuer(options.Authority)),
            (nameof(options.MetadataAddress), CheckEndpoint(options.MetadataAddress)),
            (nameof(options.TokenEndpoint), CheckEndpoint(options.TokenEndpoint)),
        ];
        foreach ((string option, string problem) in Problems(endpoints))
        {
            yield return (option, problem);
        }

        string? CheckEndpoint(string? endpoint) => EndpointRules.Check(endpoint, options.AllowInsecureHttp);
    }

    private static IEnumerable<(string Option, string Problem)> CheckClient(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.ClientId))
        {
            const string Remedy = "Set it to the client id that the authorization server knows this service by";
            yield return (nameof(options.ClientId), $"is missing. {Remedy}");
        }
        else if (options.ClientId.AsSpan().ContainsAny('\r', '\n', '\0'))
        {
            yield return (nameof(options.ClientId), "contains a line break or a NUL character. Remove it");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckRequest(ClientCredentialsOptions options)
    {
        string? details = options.AuthorizationDetails;
        return Problems(
        [
            .. options.Scopes.Select(scope => (nameof(options.Scopes), TokenRequest.CheckScopes(scope))),
            .. options.Resources.Select(resource => (nameof(options.Resources), TokenRequest.CheckResource(resource))),
            .. options.Parameters.Select(entry => (nameof(options.Parameters), TokenRequest.CheckParameter(entry.Key, entry.Value))),
            (nameof(options.AuthorizationDetails), details is { Length: > 0 } ? TokenRequest.CheckAuthorizationDetails(details) : null),
        ]);
    }

    private static IEnumerable<(string Option, string Problem)> CheckLimits(ClientCredentialsOptions options) => Problems(
    [
        (nameof(options.Timeout), Between(options.Timeout, MinTimeout, MaxTimeout, "10 milliseconds and 10 minutes")),
        (nameof(options.AttemptTimeout), Between(options.AttemptTimeout, MinTimeout, MaxTimeout, "10 milliseconds and 10 minutes")),
        (nameof(options.MaxRetries), Between(options.MaxRetries, 0, 10, "0 and 10")),
        (nameof(options.MaxConcurrentRequests), Between(options.MaxConcurrentRequests, 1, 1000, "1 and 1000")),
        (nameof(options.MaxRetryAfter), Between(options.MaxRetryAfter, TimeSpan.Zero, TimeSpan.FromHours(1), "0 and 1 hour")),
        (nameof(options.MaxResponseBytes), Between(options.MaxResponseBytes, 1024, 1024 * 1024, "1024 and 1048576 bytes")),
        (nameof(options.DefaultLifetime), Between(options.DefaultLifetime, Second, TimeSpan.FromDays(1), "1 second and 1 day")),
        (nameof(options.AssertionLifetime), Between(options.AssertionLifetime, Second, TimeSpan.FromMinutes(5), "1 second and 5 minutes")),
        (nameof(options.MaxLifetime), Between(options.MaxLifetime, Second, TimeSpan.FromDays(365), "1 second and 365 days")),
        (nameof(options.BasicEncoding), Enum.IsDefined(options.BasicEncoding) ? null : "must be Rfc6749 or Raw"),
    ]);

    private static string? Between<T>(T value, T min, T max, string range)
        where T : IComparable<T> =>
        value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0 ? null : $"must be between {range}";

    private static IEnumerable<(string Option, string Problem)> Problems((string Option, string? Problem)[] checks) =>
        from check in checks
        where check.Problem is not null
        select (check.Option, check.Problem);
}
