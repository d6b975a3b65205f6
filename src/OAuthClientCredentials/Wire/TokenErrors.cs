using System.Net;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Wire;

/// <summary>What an unusable token response means: retry or not, and what to change (RFC 6749 section 5.2, R-060 to R-063, R-315).</summary>
internal sealed class TokenErrors(ClientName client, ClientCredentialsOptions options, string method)
{
    private const string InvalidClient = "invalid_client";

    /// <summary>The token in a response, if it is one to use.</summary>
    /// <exception cref="TokenRequestException">It is not.</exception>
    public TokenResponse Read(EndpointResponse response, TokenRequestAttempt attempt)
    {
        try
        {
            TokenResponse body = TokenResponse.Parse(response.Body);
            if (!response.IsSuccess || body.Error is not null)
            {
                throw FromResponse(response, body, attempt);
            }

            return body.CheckSuccess(options.RequireBearerSyntax) is { } problem ? throw Unusable(problem, response, attempt) : body;
        }
        catch (FormatException exception)
        {
            throw response.IsSuccess ? Unusable(exception.Message, response, attempt) : FromResponse(response, null, attempt);
        }
    }

    public TokenRequestException FromResponse(EndpointResponse response, TokenResponse? body, TokenRequestAttempt attempt)
    {
        List<string> secrets = TokenRequestMessage.Secrets(attempt);
        string? error = ServerText.Clean(body?.Error, secrets);
        string? description = ServerText.Clean(body?.ErrorDescription, secrets);
        bool isTransient = IsTransient(error, (int)response.Status);
        string answer = response.Describe(secrets);
        string said = error is null ? $"it answered with {answer}" : $"{error} ({answer})" + (description is null ? "" : $": {description}");
        return new($"{client} got no token from {attempt.TokenEndpoint.GetLeftPart(UriPartial.Path)}: {said.TrimEnd('.')}. {Remedy(error, response.Status, isTransient, attempt)}")
        {
            ClientName = client.Value,
            Error = error,
            ErrorDescription = description,
            ErrorUri = ServerText.Clean(body?.ErrorUri, secrets),
            StatusCode = response.Status,
            RetryAfter = response.WaitAtMost(options.MaxRetryAfter),
            IsTransient = isTransient,
        };
    }

    public TokenRequestException Unusable(string problem, EndpointResponse response, TokenRequestAttempt attempt) =>
        client.Failed(
            attempt.TokenEndpoint,
            $"{problem} ({response.Describe(TokenRequestMessage.Secrets(attempt))})",
            $"Check that {client.Option(nameof(ClientCredentialsOptions.TokenEndpoint))} or Authority names a token endpoint and no page or proxy before it.",
            response.Status);

    private static bool IsTransient(string? error, int status) => error switch
    {
        "temporarily_unavailable" or "server_error" => true,
        InvalidClient or "unauthorized_client" or "invalid_scope" or "invalid_request" or "unsupported_grant_type" or "invalid_target" or "invalid_grant" or "invalid_authorization_details" => false,
        _ => status is 408 or 429 or >= 500,
    };

    private string Remedy(string? error, HttpStatusCode status, bool isTransient, TokenRequestAttempt attempt) =>
        (error, status) switch
        {
            (InvalidClient, _) or (null, HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) =>
                $"Check {client.Option(nameof(ClientCredentialsOptions.ClientId))}, the client's credential and AuthenticationMethod (now {method}).{(method.EndsWith("_jwt", StringComparison.Ordinal) ? " The server may want another KeyId, AssertionAudience or AssertionType." : EncodingHint(attempt))}",
            ("unauthorized_client", _) => "Allow the client-credentials grant for this client at the authorization server.",
            ("invalid_scope", _) => $"Check {client.Option(nameof(ClientCredentialsOptions.Scopes))}: the server does not grant them to this client.",
            ("invalid_target", _) => $"Check {client.Option(nameof(ClientCredentialsOptions.Resources))} and Audience: the server does not know them.",
            ("unsupported_grant_type", _) => "This endpoint does not offer the client-credentials grant; check its address.",
            ("invalid_request", _) => "The server lacks or refuses a parameter; check Scopes, Audience, Resources and Parameters.",
            (null, HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed) => $"Check {client.Option(nameof(ClientCredentialsOptions.TokenEndpoint))}: this is no token endpoint.",
            _ when isTransient => "The authorization server has a passing problem; nothing needs to be changed here unless it lasts.",
            _ => "Check the client's options against what the authorization server expects.",
        };

    // R-022
    private string EncodingHint(TokenRequestAttempt attempt)
    {
        BasicEncoding other = options.BasicEncoding == BasicEncoding.Raw ? BasicEncoding.Rfc6749 : BasicEncoding.Raw;
        bool helps = attempt.Authorization?.Scheme == "Basic"
            && (FormEncoding.Encode(attempt.ClientId) != attempt.ClientId || (attempt.Secret is { } secret && FormEncoding.Encode(secret) != secret))
            && (other == BasicEncoding.Rfc6749 || !attempt.ClientId.Contains(':', StringComparison.Ordinal));
        return helps ? $" The id or secret has characters that some servers do not decode: try {client.Option(nameof(ClientCredentialsOptions.BasicEncoding))} = {other}." : "";
    }
}
