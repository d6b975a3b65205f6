namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Writes the response to a request with the token of a number, 0 for no token.</summary>
internal delegate Task ApiResponse(HttpContext context, int token);

internal static class ApiResponses
{
    public const string Rejection = "this token is rejected";

    private const string Malformed = "Bearer realm=\"open";

    /// <summary>The challenges of a 401 by name, and whether they renew the token.</summary>
    public static readonly Dictionary<string, (bool Renews, string[] Lines)> Challenges = new(StringComparer.Ordinal)
    {
        ["none"] = (true, []),
        ["Bearer"] = (true, ["Bearer"]),
        ["bearer, lower case"] = (true, ["bearer realm=api"]),
        ["invalid_token"] = (true, ["Bearer error=\"invalid_token\""]),
        ["invalid_token, other case"] = (true, ["BEARER ERROR=invalid_token"]),
        ["unknown error"] = (true, ["Bearer error=\"expired\""]),
        ["second line"] = (true, ["Basic realm=\"x\"", "Bearer error=\"invalid_token\""]),
        ["two in one line"] = (true, ["Negotiate abc==, Bearer realm=\"a, b\", error=\"invalid_token\""]),
        ["two Bearers"] = (true, ["Bearer error=\"insufficient_scope\"", "Bearer error=\"invalid_token\""]),
        ["Basic only"] = (true, ["Basic realm=\"x\""]),
        ["insufficient_scope"] = (false, ["Bearer error=\"insufficient_scope\", scope=\"a\""]),
        ["invalid_request"] = (false, ["Bearer error=\"invalid_request\""]),
        ["step-up"] = (false, ["Basic realm=\"x\"", "DPoP error=\"insufficient_user_authentication\", acr_values=\"a\""]),
        ["without commas"] = (true, ["Bearer scope=\"a\" error=\"insufficient_scope\" error_description=\"no commas\""]),
        ["address without quotes"] = (true, ["Bearer authorization_uri=https://login.example.com/, resource_id=https://api.example.com"]),
        ["Token"] = (true, ["Token"]),
        ["DPoP nonce beside it"] = (true, ["DPoP error=\"use_dpop_nonce\", Bearer error=\"invalid_token\""]),
        ["error in a value"] = (false, ["Bearer error=\"insufficient_scope\", realm=\"Bearer error=\\\"invalid_token\\\"\""]),
        ["error of DPoP"] = (true, ["DPoP error=\"invalid_token\", algs=\"ES256\""]),
        ["error in quotes"] = (true, ["Basic realm=\"Bearer error=\\\"insufficient_scope\\\"\""]),
        ["malformed"] = (true, [Malformed]),
        ["malformed after a valid one"] = (true, ["Bearer error=\"invalid_token\"", Malformed]),
        ["seventeen"] = (true, [.. Enumerable.Range(0, 17).Select(number => $"Scheme{number} a=b")]),
        ["too long"] = (true, ["Bearer realm=\"" + new string('x', 9000) + "\""]),
    };

    public static ApiResponse Of(string name) => name switch
    {
        "401 once" => RejectBefore(2),
        "401 twice" => RejectBefore(3),
        "401 always" => RejectBefore(int.MaxValue),
        _ => Status(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)),
    };

    /// <summary>Rejects each token before the one of this number.</summary>
    public static ApiResponse RejectBefore(int first, params string[] challenges) => async (context, token) =>
    {
        if (token < first)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = challenges;
            await context.Response.WriteAsync(Rejection);
        }
    };

    /// <summary>Redirects each request but the one for the path <c>/moved</c>.</summary>
    public static ApiResponse Redirect(int status, string location, ApiResponse moved) => (context, token) =>
    {
        if (context.Request.Path == "/moved")
        {
            return moved(context, token);
        }

        context.Response.StatusCode = status;
        context.Response.Headers.Location = location;
        return Task.CompletedTask;
    };

    private static ApiResponse Status(int status) => (context, _) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };
}
