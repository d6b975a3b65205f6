using Microsoft.Extensions.Logging;

namespace OAuthClientCredentials.Distributed.Diagnostics;

/// <summary>All log messages of the shared cache, with stable event ids.</summary>
internal static partial class Log
{
    [LoggerMessage(
        101,
        LogLevel.Warning,
        "The {Store} for shared tokens failed ({Operation}: {Problem}). It is skipped for {SkipTime}.")]
    public static partial void StoreFailed(this ILogger logger, string store, string operation, string problem, TimeSpan skipTime);

    [LoggerMessage(
        102,
        LogLevel.Warning,
        "The shared token {Key} could not be read and is replaced. If this repeats, the instances have different Data Protection keys: "
        + "use the same SetApplicationName and a shared key store. Otherwise somebody changed the entry.")]
    public static partial void UnreadableEntry(this ILogger logger, string key);

    [LoggerMessage(103, LogLevel.Warning, "Shared tokens are stored without encryption (StorePlaintext).")]
    public static partial void TokensAreNotEncrypted(this ILogger logger);

    [LoggerMessage(
        104,
        LogLevel.Warning,
        "The registered IDistributedCache keeps its entries in the memory of this process, so that tokens are not shared. "
        + "Register a cache that all instances use, for instance with AddStackExchangeRedisCache.")]
    public static partial void CacheIsNotShared(this ILogger logger);

    [LoggerMessage(105, LogLevel.Information, "The {Store} for shared tokens works again.")]
    public static partial void StoreWorks(this ILogger logger, string store);
}
