using System.Net;
using OAuthClientCredentials.Configuration;

namespace OAuthClientCredentials.Wire;

/// <summary>What an unusable token response means: retry or not, and what to change (RFC 6749 section 5.2, R-060 to ).</summary>
internal static class TokenErrors
{
    private const string InvalidClient = "invalid_client";

    public static TokenRequestException FromResponse(EndpointResponse response, TokenResponse? body, TokenRequestAttempt attempt, ClientSettings settings)
    {
        List<string> secrets = TokenRequestMessage.Secrets(attempt);
        string? error = ServerText.Clean(body?.Error, secrets);
        string? description = ServerText.Clean(body?.ErrorDescription, secrets);
        bool isTransient = IsTransient(error, (int)response.Status);
        string said = error is null ? $"it answered with {response.Describe()}" : $"{error} ({response.Describe()})" + (description is null ? "" : $": {description}");
        return new($"{settings.Name} got no token from {attempt.TokenEndpoint.GetLeftPart(UriPartial.Path)}: {said.TrimEnd('.')}. {Remedy(error, response.Status, isTransient, attempt, settings)}")
        {
            ClientName = settings.Name.Value,
            Error = error,
            ErrorDescription = description,
            ErrorUri = ServerText.Clean(body?.ErrorUri, secrets),
            StatusCode = response.Status,
            RetryAfter = Least(response.RetryAfter, settings.Options.MaxRetryAfter),
            IsTransient = isTransient,
        };
    }

    // some servers say no more than 401 or 403.
    public static bool IsRejectedCredential(TokenRequestException exception) =>
        exception is { Error: InvalidClient } or { Error: null, StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden };

    private static bool IsTransient(string? error, int status) => error switch
    {
        "temporarily_unavailable" or "server_error" => true,
        InvalidClient or "unauthorized_client" or "invalid_scope" or "invalid_request" or "unsupported_grant_type" or "invalid_target" or "invalid_grant" or "invalid_authorization_details" => false,
        _ => status is 408 or 429 or >= 500,
    };

    private static TimeSpan? Least(TimeSpan? wait, TimeSpan most) => wait > most ? most : wait;

    private static string Remedy(string? error, HttpStatusCode status, bool isTransient, TokenRequestAttempt attempt, ClientSettings settings)
    {
        ClientName client = settings.Name;
        return (error, status) switch
        {
            (InvalidClient, _) or (null, HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) =>
                $"Check {client.Option(nameof(ClientCredentialsOptions.ClientId))}, the client's credential and AuthenticationMethod (now {settings.Authentication.Method}).{EncodingHint(attempt, settings)}",
            ("unauthorized_client", _) => "Allow the client-credentials grant for this client at the authorization server.",
            ("invalid_scope", _) => $"Check {client.Option(nameof(ClientCredentialsOptions.Scopes))}: the server does not grant them to this client.",
            ("invalid_target", _) => $"Check {client.Option(nameof(ClientCredentialsOptions.Resources))} and Audience: the server does not know them.",
            ("unsupported_grant_type", _) => "This endpoint does not offer the client-credentials grant; check its address.",
            ("invalid_request", _) => "The server lacks or refuses a parameter; check Scopes, Audience, Resources and Parameters.",
            (null, HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed) => $"Check {client.Option(nameof(ClientCredentialsOptions.TokenEndpoint))}: this is no token endpoint.",
            _ when isTransient => "The authorization server has a passing problem; nothing needs to be changed here unless it lasts.",
            _ => "Check the client's options against what the authorization server expects.",
        };
    }

    //
    private static string EncodingHint(TokenRequestAttempt attempt, ClientSettings settings)
    {
        BasicEncoding other = settings.Options.BasicEncoding == BasicEncoding.Raw ? BasicEncoding.Rfc6749 : BasicEncoding.Raw;
        bool helps = settings.Authentication.Method == Authentication.ClientSecretBasic.Name
            && (FormEncoding.Encode(attempt.ClientId) != attempt.ClientId || (attempt.Secret is { } secret && FormEncoding.Encode(secret) != secret))
            && (other == BasicEncoding.Rfc6749 || !attempt.ClientId.Contains(':', StringComparison.Ordinal));
        return helps ? $" The id or secret has characters that some servers do not decode: try {settings.Name.Option(nameof(ClientCredentialsOptions.BasicEncoding))} = {other}." : "";
    }
}
