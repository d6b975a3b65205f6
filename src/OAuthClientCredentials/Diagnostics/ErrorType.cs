using System.Globalization;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>
/// The <c>error.type</c> of a failed token request: a closed list, because text of a server would make any number of time series.
/// <see cref="ClientContext"/> adds <c>credential</c>.
/// </summary>
internal static class ErrorType
{
    public const string Cancelled = "cancelled";
    public const string Connection = "connection";
    public const string Exception = "exception";
    public const string InvalidResponse = "invalid_response";
    public const string Metadata = "metadata";
    public const string NoPermit = "no_permit";
    public const string Proxy = "proxy";
    public const string Redirect = "redirect";
    public const string Timeout = "timeout";
    public const string Tls = "tls";

    private const string Other = "_OTHER";

    /// <summary>The error codes that the RFCs define.</summary>
    public static readonly string[] KnownCodes =
    [
        TokenRequestException.InvalidClient, "invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope", "invalid_target", "invalid_authorization_details", "temporarily_unavailable", "server_error", "use_dpop_nonce",
        "invalid_dpop_proof", "unsupported_token_type",
    ];

    public static string Of(TokenRequestException error)
    {
        if (error.Kind is { } kind)
        {
            return kind;
        }

        // A gateway in an outage can return 503 with any code in its body. Only the status is right then.
        bool isCode = KnownCodes.Contains(error.Error, StringComparer.Ordinal);
        if (isCode && (!error.IsTransient || error.Error is "temporarily_unavailable" or "server_error"))
        {
            return error.Error!;
        }

        int status = (int)(error.StatusCode ?? 0);
        return status is >= 400 and <= 599 ? status.ToString(CultureInfo.InvariantCulture) : Other;
    }
}
