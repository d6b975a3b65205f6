using System.Net;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>The errors of token responses: what happened, whether a retry can help, and what to change.</summary>
internal static class TokenResponseErrors
{
    private const string GatewayRemedy = "The response has no OAuth error code: if a gateway in front of the authorization server sent it, "
        + "do what its text says.";

    private const string GeneralRemedy = "Check the client's options against what the authorization server expects.";

    private const string FrontRemedy =
        "A proxy or firewall in front of the authorization server may have refused the request: see its rules.";

    /// <summary>The server rejected the request (RFC 6749 section 5.2), or could not process it.</summary>
    public static TokenRequestException Refused(
        EndpointResponse response,
        TokenResponse? body,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        List<string> secrets = SecretsOf(request, body);
        string? error = CodeOf(body?.Error, secrets);
        string? description = ServerText.Clean(body?.ErrorDescription, secrets);
        bool isTransient = IsTransient(error, (int)response.Status);
        string said = Describe(error, description, response.Describe(secrets));
        string remedy = Remedy(error, description, response, isTransient, request, settings);
        IReadOnlyDictionary<string, string> rateLimit = RateLimitHeaders.Read(response.Message, () => secrets);
        remedy += QuotaHint(rateLimit, response.Status) + ClockSkew.Hint(response, error, description, SendsAssertion(settings));
        return new($"{settings.Context.DescribeFailure(request.Endpoint)}: {said.TrimEnd('.')}. {remedy}")
        {
            ClientName = settings.Name,
            Error = error,
            ErrorDescription = description,
            ErrorUri = ServerText.Clean(body?.ErrorUri, secrets),
            StatusCode = response.Status,
            RetryAfter = response.RetryAfterUpTo(settings.Options.MaxRetryAfter),
            RateLimitHeaders = rateLimit,
            IsTransient = isTransient,
        };
    }

    /// <summary>The response is not one that OAuth 2.0 defines.</summary>
    public static TokenRequestException Unusable(
        string problem,
        EndpointResponse response,
        TokenResponse? body,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        string option = Option(settings, nameof(ClientCredentialsOptions.TokenEndpoint));
        string remedy = $"Check that {option} or Authority names a token endpoint and not a page or proxy in front of it.";
        if (response.IsEncoded)
        {
            remedy = "Turn compression off for token requests at the server, or at the proxy in front of it.";
        }

        return Unusable(problem, remedy, response, body, request, settings);
    }

    /// <summary>The token has another type than the one to use.</summary>
    public static TokenRequestException WrongTokenType(
        string expected,
        EndpointResponse response,
        TokenResponse body,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        string? actual = ServerText.Clean(body.TokenType, SecretsOf(request, body));
        string remedy = $"Check that the server issues tokens of the type {expected} to this client.";
        if (expected == AccessToken.Bearer)
        {
            string option = Option(settings, nameof(ClientCredentialsOptions.AcceptedTokenTypes));
            remedy = $"If the server calls its bearer tokens so, add this value to {option}.";
        }

        return Unusable($"the token_type is not {expected} but '{actual}'", remedy, response, body, request, settings);
    }

    public static TokenRequestException MissingScopes(string missing, AuthorizationServerRequest request, ClientSettings settings) =>
        settings.Context.Failed(
            request.Endpoint,
            $"the token lacks scopes that were requested: {missing}",
            "Grant them to the client at the server, remove them from Scopes, or turn RequireAllScopes off.",
            kind: ErrorType.InvalidResponse);

    private static TokenRequestException Unusable(
        string problem,
        string remedy,
        EndpointResponse response,
        TokenResponse? body,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        List<string> secrets = SecretsOf(request, body);

        // The text of a success response is not quoted: it may hold a token in a member that is not known here.
        string what = $"{problem} ({response.Describe(secrets)})";
        return settings.Context.Failed(request.Endpoint, what, remedy, response.Status, kind: ErrorType.InvalidResponse);
    }

    // The server may repeat the new token too.
    private static List<string> SecretsOf(AuthorizationServerRequest request, TokenResponse? body) =>
        [.. TokenRequestMessage.Secrets(request), body?.AccessToken ?? ""];

    // A code that the RFCs define is reported as it is, even if a secret happens to be part of it.
    private static string? CodeOf(string? error, List<string> secrets) =>
        ErrorType.KnownCodes.Contains(error, StringComparer.Ordinal) ? error : ServerText.Clean(error, secrets);

    private static string Option(ClientSettings settings, string property) => settings.Context.Option(property);

    private static string Describe(string? error, string? description, string response)
    {
        string what = error is null ? $"it responded with {response}" : $"{error} ({response})";
        return description is null ? what : $"{what}: {description}";
    }

    // A 503 from a gateway is an outage, whatever its body says.
    private static bool IsTransient(string? error, int status) =>
        status is 408 or 429 or >= 500 || error is "temporarily_unavailable" or "server_error";

    private static string Remedy(
        string? error,
        string? description,
        EndpointResponse response,
        bool isTransient,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        if (isTransient)
        {
            return "The authorization server has a transient problem. Nothing needs to be changed here unless it lasts.";
        }

        if (settings.Context.IsForRevocation && RevocationRemedies.Find(error, response, settings.Context) is { } remedy)
        {
            return remedy;
        }

        return error is null
            ? RemedyWithoutCode(description, response, request, settings)
            : RemedyOf(error, response, request, settings);
    }

    private static string RemedyWithoutCode(
        string? description,
        EndpointResponse response,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        if (description is null && response.FindRemedy(request.Endpoint, settings.Context) is { } remedy)
        {
            return remedy;
        }

        if (response.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return $"Check {Option(settings, nameof(ClientCredentialsOptions.TokenEndpoint))}: this is not a token endpoint.";
        }

        if (description is not null)
        {
            return $"{GatewayRemedy} If the authorization server sent it: {CredentialRemedy(request, settings)}";
        }

        if (response.IsPage || response.Status == HttpStatusCode.Forbidden)
        {
            return $"{FrontRemedy} If the authorization server sent it: {CredentialRemedy(request, settings)}";
        }

        return response.Status == HttpStatusCode.Unauthorized ? CredentialRemedy(request, settings) : GeneralRemedy;
    }

    private static string RemedyOf(
        string error,
        EndpointResponse response,
        AuthorizationServerRequest request,
        ClientSettings settings)
    {
        switch (error)
        {
            case "invalid_grant":
                return CredentialRemedy(request, settings) + PostHint(request, settings);
            case "unauthorized_client":
                // Keycloak and Entra send it for a wrong secret or an unknown client, too.
                return $"{CredentialRemedy(request, settings)} "
                    + "If they are right, allow the client-credentials grant for this client at the authorization server.";
            case "invalid_scope":
                return $"Check {Option(settings, nameof(ClientCredentialsOptions.Scopes))}: the server does not grant them to this client."
                    + CommaHint(request);
            case "invalid_target":
                return $"Check {Option(settings, nameof(ClientCredentialsOptions.Resources))} and Audience: the server does not know them.";
            case "invalid_resource":
            case "access_denied" when response.Status is not HttpStatusCode.Unauthorized:
                return "Check Audience, Resources and Scopes: the server does not know the API that they name, "
                    + "or this client may not use it.";
            case "invalid_authorization_details":
                return $"Check {Option(settings, nameof(ClientCredentialsOptions.AuthorizationDetails))}: the server does not accept them.";
            case "use_dpop_nonce":
                return "The server demands another nonce although it has sent one, or its DPoP-Nonce header is missing or not valid.";
            case "invalid_dpop_proof":
                return $"Check the key (see {Option(settings, nameof(ClientCredentialsOptions.DPoPKeyFile))}), because "
                    + "the server may require another algorithm. Check also that the server knows itself under this address.";
            case "unsupported_grant_type":
                return "This endpoint does not support the client-credentials grant. Check its address.";
            case "invalid_request":
                return "The server requires or rejects a parameter. Check Scopes, Audience, Resources and Parameters.";
            default:
                // RFC 6749 section 5.2 uses 401 for failed client authentication only, and some servers have their own code for it.
                bool isUnauthorized = error == TokenRequestException.InvalidClient || response.Status == HttpStatusCode.Unauthorized;
                return isUnauthorized ? CredentialRemedy(request, settings) : GeneralRemedy;
        }
    }

    private static string CredentialRemedy(AuthorizationServerRequest request, ClientSettings settings)
    {
        string clientId = Option(settings, nameof(ClientCredentialsOptions.ClientId));
        string method = settings.Authentication.Method;
        string hint = SendsAssertion(settings) ? AssertionHint(settings) : EncodingHint(request, settings);
        return $"Check {clientId}, the client's credential and AuthenticationMethod (now {method}).{hint}";
    }

    private static string AssertionHint(ClientSettings settings)
    {
        if (ClientAssertion.IsConfigured(settings.Options))
        {
            return " The server may expect another audience, issuer or subject in the assertion.";
        }

        return " The server may expect another KeyId, AssertionAudience or AssertionType.";
    }

    // A comma is valid in a scope, and some servers separate scopes by it, so it is not an error by itself.
    private static string CommaHint(AuthorizationServerRequest request)
    {
        bool hasComma = request.Parameters
            .Any(parameter => parameter.Key == "scope" && parameter.Value.Contains(',', StringComparison.Ordinal));
        return hasComma ? " A scope contains a comma: separate scopes by spaces, or list each as an entry." : "";
    }

    private static bool SendsAssertion(ClientSettings settings) =>
        settings.Authentication.Method.EndsWith("_jwt", StringComparison.Ordinal);

    // Retry-After is not quoted, because the message names the next attempt.
    private static string QuotaHint(IReadOnlyDictionary<string, string> rateLimit, HttpStatusCode status)
    {
        string quota = RateLimitHeaders.Describe(RateLimitHeaders.WithoutRetryAfter(rateLimit));
        if (status != HttpStatusCode.TooManyRequests || quota.Length == 0)
        {
            return "";
        }

        return $" The response reports this quota: {quota}.";
    }

    // Some servers do not decode the encoding of RFC 6749 section 2.3.1.
    private static string EncodingHint(AuthorizationServerRequest request, ClientSettings settings)
    {
        string id = request.Client.ClientId;
        BasicEncoding other = settings.Options.BasicEncoding == BasicEncoding.Raw ? BasicEncoding.Rfc6749 : BasicEncoding.Raw;
        bool differs = FormEncoding.Encode(id) != id || (request.Secret is { } secret && FormEncoding.Encode(secret) != secret);
        bool isPossible = other == BasicEncoding.Rfc6749 || !id.Contains(':', StringComparison.Ordinal);
        if (!UsesBasic(request) || !differs)
        {
            return "";
        }

        string option = "";
        if (isPossible)
        {
            option = $"{Option(settings, nameof(ClientCredentialsOptions.BasicEncoding))} = {other}, or ";
        }

        return $" The id or secret has characters that some servers do not decode: try {option}{PostOption(settings)}.";
    }

    // Some servers reject client_secret_basic with invalid_grant.
    private static string PostHint(AuthorizationServerRequest request, ClientSettings settings)
    {
        if (!UsesBasic(request) || EncodingHint(request, settings).Length > 0)
        {
            return "";
        }

        return $" Some servers accept the secret only in the form: try {PostOption(settings)}.";
    }

    private static bool UsesBasic(AuthorizationServerRequest request) => request.Authorization?.Scheme == "Basic";

    private static string PostOption(ClientSettings settings) =>
        $"{Option(settings, nameof(ClientCredentialsOptions.AuthenticationMethod))} = client_secret_post";
}
