using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// Validates the options of a client. Each failure names the option and its path or client, the problem and the remedy, and no value
///
/// </summary>
internal sealed class ClientCredentialsOptionsValidator(ConfiguredClients clients, bool hasSharedCache = false)
    : IValidateOptions<ClientCredentialsOptions>
{
    private static readonly TimeSpan MinTimeout = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public ValidateOptionsResult Validate(string? name, ClientCredentialsOptions options)
    {
        string clientName = name ?? "";
        string path = clients.OptionsPathOf(clientName);
        ClientContext client = new(clientName, path, options.ClientId ?? "", options.Authority, TimeProvider.System);
        if (string.IsNullOrEmpty(options.ClientId) && clients.ExplainAbsence(clientName) is { } problem)
        {
            return ValidateOptionsResult.Fail($"{client.DisplayName} {problem}");
        }

        // A client that is only in code has no path.
        string prefix = $"{client.DisplayName}: ";
        if (clients.SectionsOf(clientName).Any())
        {
            prefix = $"{path}:";
        }

        List<string> failures = [.. Check(client, options, prefix)];
        if (failures.Count > 0)
        {
            return ValidateOptionsResult.Fail(failures);
        }

        return ValidateOptionsResult.Success;
    }

    private IEnumerable<string> Check(ClientContext client, ClientCredentialsOptions options, string prefix)
    {
        if (OptionTable.Contains(client.ClientName))
        {
            yield return $"{client.DisplayName} cannot have this name, because it is the name of an option. Choose another name.";
        }

        List<(string Option, string Problem)> weaker = [.. Fapi2Profile.Check(options)];
        IEnumerable<(string Option, string Problem)> problems = CheckTexts(options)
            .Concat(weaker)
            .Concat(CheckServer(options))
            .Concat(CheckClient(options))
            .Concat(CheckCredential(client, options, weaker))
            .Concat(CheckRequest(options))
            .Concat(CheckLimits(options))
            .Concat(CheckDisposal(options));

        // One mistake gives one message: the first problem of an option may be the cause of the others.
        foreach ((string option, string problem) in problems.DistinctBy(problem => problem.Option))
        {
            yield return $"{prefix}{option} {problem}.";
        }
    }

    // The content of a key file in the option for its path is reported when the file is read.
    private static IEnumerable<(string Option, string Problem)> CheckTexts(ClientCredentialsOptions options) => Problems(
        from text in OptionTable.TextsOf(options)
        where !(text.Option.EndsWith("File", StringComparison.Ordinal) && text.Text.Contains('\n', StringComparison.Ordinal))
        select (text.Option, TextRules.Check(text.Text)));

    private static IEnumerable<(string Option, string Problem)> CheckServer(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.Authority) && string.IsNullOrEmpty(options.TokenEndpoint) && !options.RequireFapi2)
        {
            yield return (
                nameof(options.TokenEndpoint),
                $"{TextRules.Absence(options.TokenEndpoint)}. Set it to the address of the token endpoint, "
                + "or set Authority to the issuer to discover it");
        }

        if (!string.IsNullOrEmpty(options.MetadataAddress) && string.IsNullOrEmpty(options.Authority))
        {
            yield return (nameof(options.MetadataAddress), "needs Authority: the issuer in the metadata must equal it. Set Authority");
        }

        (string, string?)[] endpoints =
        [
            (nameof(options.Authority), CheckEndpoint(options.Authority) ?? EndpointRules.CheckIssuer(options.Authority)),
            (nameof(options.MetadataAddress), CheckEndpoint(options.MetadataAddress)),
            (nameof(options.TokenEndpoint), CheckOneEndpoint(options.TokenEndpoint, "token")),
            (nameof(options.RevocationEndpoint), CheckOneEndpoint(options.RevocationEndpoint, "revocation")),
        ];
        foreach ((string option, string problem) in Problems(endpoints))
        {
            yield return (option, problem);
        }

        string? CheckOneEndpoint(string? endpoint, string kind) =>
            CheckEndpoint(endpoint) ?? EndpointRules.CheckNotMetadata(endpoint, kind);

        string? CheckEndpoint(string? endpoint) => EndpointRules.CheckConfigured(endpoint, Fapi2Profile.PlainHttpOf(options));
    }

    private static IEnumerable<(string Option, string Problem)> CheckClient(ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.ClientId))
        {
            const string Remedy = "Set it to the client id of this application at the authorization server";
            yield return (nameof(options.ClientId), $"{TextRules.Absence(options.ClientId)}. {Remedy}");
        }
    }

    // What is wrong with the credential of a method that the profile refuses is not a second mistake.
    private static IEnumerable<(string Option, string Problem)> CheckCredential(
        ClientContext client,
        ClientCredentialsOptions options,
        List<(string Option, string Problem)> weaker)
    {
        if (weaker.Exists(problem => problem.Option == nameof(options.AuthenticationMethod)))
        {
            return [];
        }

        return CredentialRules.Check(client, options).Concat(BindingRules.Check(client, options));
    }

    private static IEnumerable<(string Option, string Problem)> CheckRequest(ClientCredentialsOptions options)
    {
        List<(string, string?)> checks =
        [
            .. options.Scopes.Select(scope => (nameof(options.Scopes), TokenRequest.CheckScopes(scope))),
            .. options.Resources.Select(resource => (nameof(options.Resources), TokenRequest.CheckResource(resource))),
            .. options.Parameters.Select(parameter => (nameof(options.Parameters), TokenRequest.CheckParameter(parameter))),
            .. options.AcceptedTokenTypes.Select(type => (nameof(options.AcceptedTokenTypes), CheckTokenType(type))),
        ];
        if (options.AuthorizationDetails is { Length: > 0 } details)
        {
            checks.Add((nameof(options.AuthorizationDetails), TokenRequest.CheckAuthorizationDetails(details)));
        }

        return Problems(checks);
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
        (nameof(options.BasicEncoding), CheckEncoding(options.BasicEncoding)),
        (nameof(options.WarmUp), CheckWarmUp(options.WarmUp)),
    ]);

    private IEnumerable<(string Option, string Problem)> CheckDisposal(ClientCredentialsOptions options)
    {
        if (options.RevokeOnDispose && hasSharedCache)
        {
            const string Reason = "the other instances would lose the token that they share";
            yield return (nameof(options.RevokeOnDispose), $"must be false with a shared token cache: {Reason}. Remove one of the two");
        }
    }

    private static string? Between<T>(T value, T min, T max, string range)
        where T : IComparable<T>
    {
        bool isInRange = value.CompareTo(min) >= 0 && value.CompareTo(max) <= 0;
        return isInRange ? null : $"must be between {range}";
    }

    // A DPoP token that is sent as a bearer token lacks its proof.
    private static string? CheckTokenType(string type)
    {
        if (string.IsNullOrWhiteSpace(type))
        {
            return "has an empty entry. Remove it";
        }

        bool isDPoP = type.Equals("DPoP", StringComparison.OrdinalIgnoreCase);
        return isDPoP ? "must not contain DPoP, because such a token is not a bearer token. Set DPoPBoundAccessTokens instead" : null;
    }

    private static string? CheckEncoding(BasicEncoding encoding) => Enum.IsDefined(encoding) ? null : "must be Rfc6749 or Raw";

    private static string? CheckWarmUp(WarmUp warmUp) => Enum.IsDefined(warmUp) ? null : "must be Off, Background or RequireAtStart";

    private static IEnumerable<(string Option, string Problem)> Problems(IEnumerable<(string Option, string? Problem)> checks) =>
        from check in checks
        where check.Problem is not null
        select (check.Option, check.Problem);
}
