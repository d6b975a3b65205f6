using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Configuration;

/// <summary>Every rule that options must keep. Each failure names the option's path, what is wrong and what to do, and never a value (R-212).</summary>
internal sealed class ClientCredentialsOptionsValidator(ClientDirectory directory) : IValidateOptions<ClientCredentialsOptions>
{
    public ValidateOptionsResult Validate(string? name, ClientCredentialsOptions options)
    {
        ClientName client = directory.Describe(name ?? "");
        if (IsUnknown(client, options))
        {
            string known = string.Join(", ", directory.Names.Select(registered => $"'{registered}'"));
            return ValidateOptionsResult.Fail($"{client} is not registered: neither AddClientCredentials nor the section {client.OptionsPath} defines it. Known clients: {(known.Length == 0 ? "none" : known)}.");
        }

        List<string> failures = [.. Check(client, options)];
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private bool IsUnknown(ClientName client, ClientCredentialsOptions options) =>
        string.IsNullOrEmpty(options.ClientId) && !directory.Names.Contains(client.Value, StringComparer.Ordinal);

    private IEnumerable<string> Check(ClientName client, ClientCredentialsOptions options)
    {
        if (OptionNames.IsOption(client.Value))
        {
            yield return $"{client} cannot have that name: it is the name of an option. Choose another.";
        }

        IEnumerable<(string Option, string Problem)> problems = CheckSections(client.Value)
            .Concat(CheckServer(options))
            .Concat(CheckClient(options))
            .Concat(CredentialRules.Check(options))
            .Concat(CheckRequest(options))
            .Concat(CheckLimits(options));
        foreach ((string option, string problem) in problems)
        {
            yield return $"{client.Option(option)} {problem}.";
        }
    }

    // A misspelt option would be lost without a word.
    private IEnumerable<(string Option, string Problem)> CheckSections(string name)
    {
        foreach (IConfigurationSection entry in directory.SectionsOf(name).SelectMany(section => section.GetChildren()))
        {
            bool isSection = entry.GetChildren().Any();
            if (OptionNames.IsScalar(entry.Key) && isSection)
            {
                yield return (entry.Key, "is an option and takes a single value; a client cannot have that name");
            }
            else if (!OptionNames.IsOption(entry.Key) && !(isSection && name.Length == 0))
            {
                yield return (entry.Key, $"is no option. Options are {string.Join(", ", OptionNames.All)}");
            }
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckServer(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.Authority) && string.IsNullOrEmpty(options.TokenEndpoint))
        {
            yield return (nameof(options.TokenEndpoint), "is missing. Set it to the address of the token endpoint, or set Authority to the issuer to discover it");
        }

        if (!string.IsNullOrEmpty(options.MetadataAddress) && string.IsNullOrEmpty(options.Authority))
        {
            yield return (nameof(options.MetadataAddress), "needs Authority: the issuer in the metadata is compared with it");
        }

        (string, string?)[] endpoints =
        [
            (nameof(options.Authority), EndpointRules.Check(options.Authority, options.AllowInsecureHttp) ?? EndpointRules.CheckIssuer(options.Authority)),
            (nameof(options.MetadataAddress), EndpointRules.Check(options.MetadataAddress, options.AllowInsecureHttp)),
            (nameof(options.TokenEndpoint), EndpointRules.Check(options.TokenEndpoint, options.AllowInsecureHttp)),
        ];
        foreach ((string option, string? problem) in endpoints)
        {
            if (problem is not null)
            {
                yield return (option, problem);
            }
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckClient(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.ClientId))
        {
            yield return (nameof(options.ClientId), "is missing. Set it to the client id that the authorization server knows this service by");
        }
        else if (HasControlCharacters(options.ClientId))
        {
            yield return (nameof(options.ClientId), "has a line break or a NUL in it. Remove it");
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckRequest(ClientCredentialsOptions options)
    {
        IEnumerable<(string, string?)> checks = options.Scopes.Select(scope => (nameof(options.Scopes), ParameterRules.CheckScopes(scope)))
            .Concat(options.Resources.Select(resource => (nameof(options.Resources), ParameterRules.CheckResource(resource))))
            .Concat(options.Parameters.Select(parameter => (nameof(options.Parameters), ParameterRules.CheckParameter(parameter.Key, parameter.Value))))
            .Append((nameof(options.AuthorizationDetails), string.IsNullOrEmpty(options.AuthorizationDetails) ? null : ParameterRules.CheckAuthorizationDetails(options.AuthorizationDetails)));
        foreach ((string option, string? problem) in checks)
        {
            if (problem is not null)
            {
                yield return (option, problem);
            }
        }
    }

    private static IEnumerable<(string Option, string Problem)> CheckLimits(ClientCredentialsOptions options)
    {
        (string Option, bool IsGood, string Range)[] limits =
        [
            (nameof(options.Timeout), IsBetween(options.Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10)), "between 10 milliseconds and 10 minutes"),
            (nameof(options.AttemptTimeout), IsBetween(options.AttemptTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10)), "between 10 milliseconds and 10 minutes"),
            (nameof(options.MaxRetries), options.MaxRetries is >= 0 and <= 10, "between 0 and 10"),
            (nameof(options.MaxConcurrentRequests), options.MaxConcurrentRequests is >= 1 and <= 1000, "between 1 and 1000"),
            (nameof(options.MaxRetryAfter), IsBetween(options.MaxRetryAfter, TimeSpan.Zero, TimeSpan.FromHours(1)), "between 0 and 1 hour"),
            (nameof(options.MaxResponseBytes), options.MaxResponseBytes is >= 1024 and <= 1024 * 1024, "between 1024 and 1048576 bytes"),
            (nameof(options.DefaultLifetime), IsBetween(options.DefaultLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)), "between 1 second and 1 day"),
            (nameof(options.AssertionLifetime), IsBetween(options.AssertionLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)), "between 1 second and 5 minutes"),
            (nameof(options.MaxLifetime), IsBetween(options.MaxLifetime, TimeSpan.FromSeconds(1), TimeSpan.FromDays(365)), "between 1 second and 365 days"),
            (nameof(options.BasicEncoding), Enum.IsDefined(options.BasicEncoding), "Rfc6749 or Raw"),
        ];
        return limits.Where(limit => !limit.IsGood).Select(limit => (limit.Option, $"must be {limit.Range}"));
    }

    private static bool IsBetween(TimeSpan value, TimeSpan least, TimeSpan most) => value >= least && value <= most;

    private static bool HasControlCharacters(string value) => value.AsSpan().ContainsAny('\r', '\n', '\0');
}
