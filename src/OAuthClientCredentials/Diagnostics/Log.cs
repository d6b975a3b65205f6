using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>All log messages of the library, with stable event ids. Nothing is logged for each call.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Client '{Client}' has a new token ({Reason}), valid until {ExpiresAt:O}.")]
    public static partial void TokenRenewed(this ILogger logger, string client, string reason, DateTimeOffset expiresAt);

    [LoggerMessage(
        2,
        LogLevel.Warning,
        "Client '{Client}' could not renew its token ({Reason}). The current token is used until {ExpiresAt:O}. "
        + "The next attempt is made at {NextAttemptAt:O} or later. {Problem}")]
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
        "Client '{Client}' has no valid token ({Reason}). Calls fail immediately until the next attempt at {NextAttemptAt:O} or later. "
        + "{Problem}")]
    public static partial void NoToken(this ILogger logger, string client, string reason, DateTimeOffset nextAttemptAt, string problem);

    [LoggerMessage(4, LogLevel.Warning, "Client '{Client}' was granted fewer scopes than requested. Missing: {Missing}.")]
    public static partial void NarrowerScope(this ILogger logger, string client, string missing);

    [LoggerMessage(
        5,
        LogLevel.Error,
        "Client '{Client}' keeps its previous settings, because the changed settings are not valid. {Problem}")]
    public static partial void InvalidReload(this ILogger logger, string client, string problem);

    [LoggerMessage(
        7,
        LogLevel.Warning,
        "The primary handler of the HttpClient '{HttpClientName}' is a {HandlerType}. The library cannot turn off its redirects, "
        + "cookies and decompression. Turn them off where the handler is created.")]
    public static partial void UnknownPrimaryHandler(this ILogger logger, string httpClientName, string handlerType);

    [LoggerMessage(
        8,
        LogLevel.Warning,
        "Client '{Client}' allows plain http (AllowInsecureHttp): secrets and tokens are sent unencrypted unless the network itself "
        + "encrypts all traffic.")]
    public static partial void InsecureHttpAllowed(this ILogger logger, string client);

    [LoggerMessage(
        9,
        LogLevel.Warning,
        "The token endpoint in the metadata of {Authority} moved from '{FormerHost}' to '{Host}'. If this was not planned, "
        + "the authority may be under attack.")]
    public static partial void TokenEndpointMoved(this ILogger logger, string authority, string host, string formerHost);

    [LoggerMessage(10, LogLevel.Warning, "The certificate {Thumbprint} of client '{Client}' expires at {ExpiresAt:u}. Renew it.")]
    public static partial void CertificateExpires(this ILogger logger, string client, string thumbprint, DateTime expiresAt);

    [LoggerMessage(
        11,
        LogLevel.Warning,
        "The primary handler of the HttpClient '{HttpClientName}' is a {HandlerType}. The library cannot set the client "
        + "certificate on it. Configure the certificate on your handler, or use a SocketsHttpHandler.")]
    public static partial void CertificateNotShown(this ILogger logger, string httpClientName, string handlerType);

    [LoggerMessage(
        12,
        LogLevel.Warning,
        "{Origin}, called by the HttpClient '{HttpClientName}', rejects new tokens of client '{Client}': {Problem}. "
        + "Check the audience and scopes of the token, and which authorization server the API trusts.")]
    public static partial void NewTokenRejected(
        this ILogger logger,
        string httpClientName,
        string origin,
        string client,
        string problem);

    [LoggerMessage(
        13,
        LogLevel.Debug,
        "The HttpClient '{HttpClientName}' returns a response with status {Status} for a request with a token of client "
        + "'{Client}': {Problem}.")]
    public static partial void RejectionReturned(this ILogger logger, string httpClientName, string client, int status, string problem);

    [LoggerMessage(14, LogLevel.Debug, "The token of client '{Client}' has the fingerprint {Fingerprint}.")]
    public static partial void TokenFingerprint(this ILogger logger, string client, string fingerprint);

    [LoggerMessage(
        15,
        LogLevel.Warning,
        "Client '{Client}' received a response whose Date header shows {ServerTime:u}, while the clock of this machine shows "
        + "{LocalTime:u}. Correct the clock that is wrong: because of it, servers may reject signed assertions and certificates. "
        + "This is logged once.")]
    public static partial void ClockSkew(this ILogger logger, string client, DateTimeOffset serverTime, DateTimeOffset localTime);

    [LoggerMessage(
        16,
        LogLevel.Information,
        "Client '{Client}' received a response that reports a quota: {Quota}. This is logged once.")]
    public static partial void QuotaReported(this ILogger logger, string client, string quota);

    [LoggerMessage(
        17,
        LogLevel.Information,
        "Client '{Client}' uses its tokens for {MaxLifetime} only, although the server issues them for {IssuedLifetime}. To use them for "
        + "longer, increase MaxLifetime. This is logged once.")]
    public static partial void LifetimeReduced(this ILogger logger, string client, TimeSpan issuedLifetime, TimeSpan maxLifetime);

    [LoggerMessage(
        20,
        LogLevel.Warning,
        "Client '{Client}' is no longer configured. It keeps its previous settings and token until ITokenProvider.Forget is called "
        + "or the application restarts.")]
    public static partial void ClientGone(this ILogger logger, string client);

    [LoggerMessage(
        21,
        LogLevel.Warning,
        "The HttpClient '{HttpClientName}' sends a request whose Authorization header has no credential (scheme '{Scheme}'). Set a "
        + "credential, or remove the header so that a token is attached. This is logged once.")]
    public static partial void AuthorizationWithoutCredential(this ILogger logger, string httpClientName, string scheme);

    [LoggerMessage(
        24,
        LogLevel.Warning,
        "A token of client '{Client}' was not revoked at the end (RevokeOnDispose). It stays valid until it expires. {Problem}")]
    public static partial void NotRevoked(this ILogger logger, string client, string problem);
}
