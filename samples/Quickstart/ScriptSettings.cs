using System.Text.RegularExpressions;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>The environment variables of script mode, the options that they set, and error messages that name them.</summary>
internal static partial class ScriptSettings
{
    public const string ClientName = "script";
    public const string ClientSecret = "OAUTH_CLIENT_SECRET";

    private const string ClientId = "OAUTH_CLIENT_ID";
    private const string TokenUrl = "OAUTH_TOKEN_URL";
    private const string Authority = "OAUTH_AUTHORITY";
    private const string Scope = "OAUTH_SCOPE";
    private const string AuthMethod = "OAUTH_AUTH_METHOD";
    private const string ApiBaseUrl = "API_BASE_URL";
    private const string ApiPath = "API_PATH";

    private static readonly Dictionary<string, string> VariableOfOption = new()
    {
        [nameof(ClientCredentialsOptions.ClientId)] = ClientId,
        [nameof(ClientCredentialsOptions.ClientSecret)] = ClientSecret,
        [nameof(ClientCredentialsOptions.TokenEndpoint)] = TokenUrl,
        [nameof(ClientCredentialsOptions.Authority)] = Authority,
        [nameof(ClientCredentialsOptions.Scopes)] = Scope,
        [nameof(ClientCredentialsOptions.AuthenticationMethod)] = AuthMethod,
    };

    /// <summary>Whether one of the required variables is set.</summary>
    public static bool AreConfigured => new[] { ClientId, ClientSecret, TokenUrl, Authority, ApiBaseUrl }.Any(IsSet);

    /// <summary>Says what is wrong with the variables.</summary>
    /// <returns>The problem and how to fix it, or null.</returns>
    public static string? Check()
    {
        string[] missing = [.. Missing()];
        if (missing.Length > 0)
        {
            return $"Not set: {string.Join(", ", missing)}. Set all of them to call your API, or none of them to run the demo.";
        }

        if (!Uri.TryCreate(ApiAddress(), UriKind.Absolute, out Uri? api) || api.Scheme is not ("https" or "http"))
        {
            return $"{ApiBaseUrl} is not an absolute https address, such as https://api.example.com/data.";
        }

        if (api.Scheme == "http" && !api.IsLoopback)
        {
            return $"{ApiBaseUrl} must be https: the access token would cross the network in the clear. Only loopback may be http.";
        }

        return null;
    }

    /// <summary>Reads the address of the call.</summary>
    /// <returns>The base address with the path below it.</returns>
    public static Uri ReadApiAddress() => new(ApiAddress());

    public static void Configure(ClientCredentialsOptions options)
    {
        options.ClientId = Read(ClientId);
        options.ClientSecret = Read(ClientSecret);
        options.TokenEndpoint = Read(TokenUrl);
        options.Authority = Read(Authority);
        options.AuthenticationMethod = Read(AuthMethod);
        if (Read(Scope) is { } scope)
        {
            options.Scopes = [scope];
        }
    }

    /// <summary>Replaces the options in a message of the library by the variables that set them.</summary>
    /// <param name="message">The message, which names options such as <c>ClientCredentials:script:ClientSecret</c>.</param>
    /// <returns>The message, which names variables such as <c>OAUTH_CLIENT_SECRET</c>.</returns>
    public static string NameVariables(string message) =>
        Option().Replace(message, match => VariableOfOption.GetValueOrDefault(match.Groups["option"].Value, match.Groups["option"].Value));

    private static IEnumerable<string> Missing()
    {
        if (!IsSet(ClientId))
        {
            yield return ClientId;
        }

        if (!IsSet(ClientSecret))
        {
            yield return ClientSecret;
        }

        if (!IsSet(TokenUrl) && !IsSet(Authority))
        {
            yield return $"{TokenUrl} (or {Authority})";
        }

        if (!IsSet(ApiBaseUrl))
        {
            yield return ApiBaseUrl;
        }
    }

    private static string ApiAddress()
    {
        string path = Read(ApiPath) ?? "/resource";
        return $"{Read(ApiBaseUrl)!.TrimEnd('/')}/{path.TrimStart('/')}";
    }

    private static bool IsSet(string variable) => Read(variable) is not null;

    // A variable that is set to nothing counts as not set.
    private static string? Read(string variable)
    {
        string? value = Environment.GetEnvironmentVariable(variable);
        return string.IsNullOrEmpty(value) ? null : value;
    }

    [GeneratedRegex($@"\b(ClientCredentials:{ClientName}:)?(?<option>\w+)\b")]
    private static partial Regex Option();
}
