using System.Buffers;
using System.Text.Json;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>
/// When a request was sent, by both clocks. The lifetime counts from before the request, because the response may be slow.
/// </summary>
internal readonly record struct RequestTime(DateTimeOffset Utc, long Timestamp);

/// <summary>
/// Reads a token response (RFC 6749 sections 5.1 and 5.2): returns the token or throws the error. No I/O, no clock.
/// </summary>
internal static class TokenResponseReader
{
    private static readonly SearchValues<char> BearerCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");

    /// <exception cref="TokenRequestException">The response has no usable token.</exception>
    public static AccessToken Read(
        EndpointResponse response,
        AuthorizationServerRequest request,
        WantedToken wanted,
        TokenBinding? binding,
        RequestTime sentAt)
    {
        TokenResponse body = Parse(response, request, wanted.Settings);
        if (!response.IsSuccess || body.HasError)
        {
            throw TokenResponseErrors.Refused(response, body, request, wanted.Settings);
        }

        ClientCredentialsOptions options = wanted.Settings.Options;
        if ((body.Problem ?? ProblemOf(body, options.RequireBearerSyntax)) is { } problem)
        {
            throw TokenResponseErrors.Unusable(problem, response, body, request, wanted.Settings);
        }

        string tokenType = binding?.TokenType ?? AccessToken.Bearer;
        if (!IsOfType(tokenType, body.TokenType, options.AcceptedTokenTypes))
        {
            throw TokenResponseErrors.WrongTokenType(tokenType, response, body, request, wanted.Settings);
        }

        IReadOnlyList<string> requested = wanted.Request.Scopes ?? [];
        IReadOnlyList<string> granted = GrantedScopes(body, requested);
        if (options.RequireAllScopes && MissingScopes(requested, granted) is { Length: > 0 } missing)
        {
            throw TokenResponseErrors.MissingScopes(missing, request, wanted.Settings);
        }

        wanted.IssuedLifetime = body.ExpiresIn;
        long lifetime = Math.Min((body.ExpiresIn ?? options.DefaultLifetime).Ticks, options.MaxLifetime.Ticks);

        // The type is spelled as in the RFC, because some resource servers compare it case-sensitively and some authorization servers
        // return it in another case.
        return new AccessToken(body.AccessToken, sentAt.Utc.AddTicks(lifetime), tokenType)
        {
            RequestedAt = sentAt.Utc,
            RequestedTimestamp = sentAt.Timestamp,
            Scopes = granted,
            AdditionalParameters = body.AdditionalParameters,
            Binding = binding,
        };
    }

    /// <summary>Reads an error response.</summary>
    public static TokenRequestException ReadError(
        EndpointResponse response,
        AuthorizationServerRequest request,
        ClientSettings settings) =>
        TokenResponseErrors.Refused(response, Parse(response, request, settings), request, settings);

    /// <summary>The requested scopes that were not granted, separated by spaces.</summary>
    public static string MissingScopes(IReadOnlyList<string> requested, IReadOnlyList<string> granted)
    {
        if (ReferenceEquals(requested, granted))
        {
            return "";
        }

        return string.Join(' ', requested.Except(granted, StringComparer.Ordinal));
    }

    private static TokenResponse Parse(EndpointResponse response, AuthorizationServerRequest request, ClientSettings settings)
    {
        try
        {
            return response.IsSuccess ? TokenResponse.Parse(response.Body) : TokenResponse.ParseError(response.Body);
        }
        catch (FormatException exception)
        {
            if (!response.IsSuccess)
            {
                throw TokenResponseErrors.Refused(response, null, request, settings);
            }

            throw TokenResponseErrors.Unusable(exception.Message, response, null, request, settings);
        }
    }

    // A response without scope means that all requested scopes were granted (RFC 6749 section 5.1).
    private static IReadOnlyList<string> GrantedScopes(TokenResponse body, IReadOnlyList<string> requested) =>
        body.Scopes.Count == 0 ? requested : body.Scopes;

    private static string? ProblemOf(TokenResponse body, bool requireBearerSyntax)
    {
        string token = body.AccessToken;
        if (token.Length == 0)
        {
            return "the response has no access_token" + SimilarMember(body);
        }

        if (token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return "the access_token begins with its type ('Bearer '), which the Authorization header would repeat";
        }

        // Other characters could break the Authorization header.
        if (!AccessToken.IsValidValue(token))
        {
            return "the access_token has characters that cannot be sent in a header";
        }

        if (requireBearerSyntax && !IsBearerSyntax(token))
        {
            return "the access_token is not in the b64token syntax of RFC 6750 section 2.1, which RequireBearerSyntax demands";
        }

        return null;
    }

    // Some servers write accessToken, or put the token into another object. The names are not guessed.
    private static string SimilarMember(TokenResponse body)
    {
        foreach ((string name, JsonElement value) in body.AdditionalParameters)
        {
            if (name.Length <= "access_token".Length && ErrorMembers.IsNamed(name, "accesstoken"))
            {
                return $", but {name}. The name must be spelled exactly as in RFC 6749 section 5.1";
            }

            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("access_token", out _))
            {
                return " at its top level, only inside another member";
            }
        }

        return "";
    }

    // A missing type means Bearer. A token of a binding must have its type, so that it is never used as a bearer token.
    private static bool IsOfType(string expected, string? actual, IList<string> acceptedAsBearer)
    {
        if (expected.Equals(actual ?? AccessToken.Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return expected == AccessToken.Bearer && acceptedAsBearer.Contains(actual!, StringComparer.OrdinalIgnoreCase);
    }

    private static bool IsBearerSyntax(string token) => token[0] != '=' && !token.AsSpan().TrimEnd('=').ContainsAnyExcept(BearerCharacters);
}
