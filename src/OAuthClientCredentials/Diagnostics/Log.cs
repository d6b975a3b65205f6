using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Every message of the library, by stable event id. Nothing is logged per call.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Client} has a new token ({Reason}), valid until {ExpiresAt:O}.")]
    public static partial void TokenRenewed(this ILogger logger, ClientName client, string reason, DateTimeOffset expiresAt);

    [LoggerMessage(2, LogLevel.Warning, "{Client} could not renew its token ({Reason}). The present one is used until {ExpiresAt:O}; the next attempt is made in {Wait} or later. {Problem}")]
    public static partial void RenewalFailed(this ILogger logger, ClientName client, string reason, DateTimeOffset expiresAt, TimeSpan wait, string problem);

    [LoggerMessage(3, LogLevel.Error, "{Client} has no valid token ({Reason}). Calls fail at once until the next attempt in {Wait} or later. {Problem}")]
    public static partial void NoToken(this ILogger logger, ClientName client, string reason, TimeSpan wait, string problem);

    [LoggerMessage(4, LogLevel.Warning, "{Client} was granted fewer scopes than it asked for. Missing: {Missing}.")]
    public static partial void NarrowerScope(this ILogger logger, ClientName client, string missing);

    [LoggerMessage(5, LogLevel.Error, "{Client} keeps its previous settings, because the changed ones are not valid. {Problem}")]
    public static partial void InvalidReload(this ILogger logger, ClientName client, string problem);

    [LoggerMessage(6, LogLevel.Warning, "The HttpClient '{HttpClientName}' has no BaseAddress and no AllowedOrigins: tokens are attached to requests to any https origin. Set AllowedOrigins in AddClientCredentialsHandler.")]
    public static partial void AnyOrigin(this ILogger logger, string httpClientName);

    [LoggerMessage(7, LogLevel.Warning, "The primary handler of the HttpClient '{HttpClientName}' is a {HandlerType}, whose redirects, cookies and decompression cannot be turned off from here. Turn them off there.")]
    public static partial void UnknownPrimaryHandler(this ILogger logger, string httpClientName, string handlerType);

    [LoggerMessage(8, LogLevel.Warning, "{Client} allows plain http (AllowInsecureHttp): secrets and tokens cross the network in the clear unless it encrypts beneath.")]
    public static partial void InsecureHttpAllowed(this ILogger logger, ClientName client);

    [LoggerMessage(9, LogLevel.Warning, "The metadata of {Authority} now has the token endpoint on '{Host}', before on '{FormerHost}'. If nobody moved it, the authority may be under attack.")]
    public static partial void TokenEndpointMoved(this ILogger logger, string authority, string host, string formerHost);

    [LoggerMessage(10, LogLevel.Warning, "The certificate {Thumbprint} of {Client} expires at {ExpiresAt:u}. Renew it.")]
    public static partial void CertificateExpires(this ILogger logger, ClientName client, string thumbprint, DateTime expiresAt);
}
