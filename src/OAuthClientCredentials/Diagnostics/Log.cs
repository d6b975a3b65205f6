using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Every message of the library, by stable event id. Nothing is logged per call.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Client} has a new token ({Reason}), valid until {ExpiresAt:O}.")]
    public static partial void TokenRenewed(this ILogger logger, string client, string reason, DateTimeOffset expiresAt);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "{Client} could not renew its token ({Reason}). The present one is used until {ExpiresAt:O}; "
        + "the next attempt is made at {NextAttemptAt:O} or later. {Problem}")]
    public static partial void RenewalFailed(
        this ILogger logger,
        string client,
        string reason,
        DateTimeOffset expiresAt,
        DateTimeOffset nextAttemptAt,
        string problem);

    [LoggerMessage(
        3,
        LogLevel.Error,
        "{Client} has no valid token ({Reason}). Calls fail immediately until the next attempt at {NextAttemptAt:O} or later. {Problem}")]
    public static partial void NoToken(this ILogger logger, string client, string reason, DateTimeOffset nextAttemptAt, string problem);

    [LoggerMessage(4, LogLevel.Warning, "{Client} was granted fewer scopes than it asked for. Missing: {Missing}.")]
    public static partial void NarrowerScope(this ILogger logger, string client, string missing);

    [LoggerMessage(5, LogLevel.Error, "{Client} keeps its previous settings, because the changed ones are not valid. {Problem}")]
    public static partial void InvalidReload(this ILogger logger, string client, string problem);

    [LoggerMessage(
        7,
        LogLevel.Warning,
        "The primary handler of the HttpClient '{HttpClientName}' is a {HandlerType}, whose redirects, cookies and "
        + "decompression cannot be turned off from here. Turn them off there.")]
    public static partial void UnknownPrimaryHandler(this ILogger logger, string httpClientName, string handlerType);

    [LoggerMessage(
        8,
        LogLevel.Warning,
        "{Client} allows plain http (AllowInsecureHttp): secrets and tokens cross the network in the clear unless it "
        + "encrypts beneath.")]
    public static partial void InsecureHttpAllowed(this ILogger logger, string client);

    [LoggerMessage(
        9,
        LogLevel.Warning,
        "The metadata of {Authority} now has the token endpoint on '{Host}', before on '{FormerHost}'. If nobody moved it, "
        + "the authority may be under attack.")]
    public static partial void TokenEndpointMoved(this ILogger logger, string authority, string host, string formerHost);

    [LoggerMessage(10, LogLevel.Warning, "The certificate {Thumbprint} of {Client} expires at {ExpiresAt:u}. Renew it.")]
    public static partial void CertificateExpires(this ILogger logger, string client, string thumbprint, DateTime expiresAt);

    [LoggerMessage(
        11,
        LogLevel.Warning,
        "The primary handler of the HttpClient '{HttpClientName}' is a {HandlerType}, which cannot be given the client "
        + "certificate. Let it show the certificate itself, or use a SocketsHttpHandler.")]
    public static partial void CertificateNotShown(this ILogger logger, string httpClientName, string handlerType);

    [LoggerMessage(
        12,
        LogLevel.Warning,
        "{Origin}, called by the HttpClient '{HttpClientName}', refuses fresh tokens of client '{ClientName}': {Problem}. "
        + "Check the audience and scopes of the token, and which authorization server the API trusts.")]
    public static partial void FreshTokenRefused(
        this ILogger logger,
        string httpClientName,
        string origin,
        string clientName,
        string problem);

    [LoggerMessage(
        13,
        LogLevel.Debug,
        "A response with status {Status} to a request of the HttpClient '{HttpClientName}' with a token of client '{ClientName}' "
        + "is returned to the caller: {Reason}.")]
    public static partial void RejectionHandedOn(this ILogger logger, string httpClientName, string clientName, int status, string reason);

    [LoggerMessage(
        20,
        LogLevel.Warning,
        "{Client} is not configured any more. It keeps its previous settings and token until it is forgotten "
        + "(ITokenProvider.Forget) or the application restarts.")]
    public static partial void ClientGone(this ILogger logger, string client);
}
