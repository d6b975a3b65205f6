using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>How a server answers a request with the token of a number, 0 for none.</summary>
internal sealed record Answer(Func<HttpContext, int, Task> WriteAsync, Func<int, bool> Reads);

internal static class Answers
{
    public const string Refusal = "this token is refused";

    private const string Malformed = "Bearer realm=\"open";

    /// <summary>The challenges of a 401, by the name that the tables know them by.</summary>
    public static readonly Dictionary<string, string[]> Challenges = new(StringComparer.Ordinal)
    {
        ["none"] = [],
        ["Bearer"] = ["Bearer"],
        ["bearer, small"] = ["bearer realm=api"],
        ["invalid_token"] = ["Bearer error=\"invalid_token\""],
        ["invalid_token, other case"] = ["BEARER ERROR=invalid_token"],
        ["second line"] = ["Basic realm=\"x\"", "Bearer error=\"invalid_token\""],
        ["one line of two"] = ["Negotiate abc==, Bearer realm=\"a, b\", error=\"invalid_token\""],
        ["two Bearers"] = ["Bearer error=\"insufficient_scope\"", "Bearer error=\"invalid_token\""],
        ["Basic only"] = ["Basic realm=\"x\""],
        ["insufficient_scope"] = ["Bearer error=\"insufficient_scope\", scope=\"a\""],
        ["invalid_request"] = ["Bearer error=\"invalid_request\""],
        ["step-up"] = ["Basic realm=\"x\"", "DPoP error=\"insufficient_user_authentication\", acr_values=\"a\""],
        ["without commas"] = ["Bearer scope=\"a\" error=\"invalid_token\" error_description=\"expired\""],
        ["address without quotes"] = ["Bearer authorization_uri=https://login.example.com/, resource_id=https://api.example.com"],
        ["Token"] = ["Token"],
        ["nonce for DPoP beside it"] = ["DPoP error=\"use_dpop_nonce\", Bearer error=\"invalid_token\""],
        ["error in a description"] = ["Bearer error=\"insufficient_scope\", error_description=\"Bearer error=\\\"invalid_token\\\"\""],
        ["error of DPoP"] = ["DPoP error=\"invalid_token\", algs=\"ES256\""],
        ["error in quotes"] = ["Basic realm=\"Bearer error=\\\"invalid_token\\\"\""],
        ["malformed"] = [Malformed],
        ["malformed after good"] = ["Bearer error=\"invalid_token\"", Malformed],
        ["seventeen"] = [.. Enumerable.Range(0, 17).Select(number => $"Scheme{number} a=b")],
        ["too long"] = ["Bearer realm=\"" + new string('x', 9000) + "\""],
    };

    public static Answer Of(string name) => name switch
    {
        "200" => Always(200),
        "401 once" => Refuse(token => token < 2),
        "401 once, unread" => Refuse(token => token < 2) with { Reads = token => token >= 2 },
        "401 twice" => Refuse(token => token < 3),
        "401 always" => Refuse(_ => true),
        "403" => Always(403),
        "503" => Always(503),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    public static Answer Refuse(Func<int, bool> refused, params string[] challenges) => new(
        async (context, token) =>
        {
            if (refused(token))
            {
                context.Response.StatusCode = 401;
                context.Response.Headers.WWWAuthenticate = challenges;
                await context.Response.WriteAsync(Refusal);
            }
        },
        _ => true);

    /// <summary>Sends every request but those below /moved on to <paramref name="target"/>/moved, which answers as it is told.</summary>
    public static Answer Redirect(int status, Func<Uri> target, Answer moved) => new(
        (context, token) =>
        {
            if (context.Request.Path.Value!.EndsWith("/moved", StringComparison.Ordinal))
            {
                return moved.WriteAsync(context, token);
            }

            context.Response.StatusCode = status;
            context.Response.Headers.Location = new Uri(target(), "moved").ToString();
            return Task.CompletedTask;
        },
        _ => true);

    private static Answer Always(int status) => new(
        (context, _) =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        },
        _ => true);
}
