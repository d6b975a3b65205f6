using System.Diagnostics.Metrics;
using System.Reflection;
using Medallion.Threading;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;
using OAuthClientCredentials.Distributed;
using OAuthClientCredentials.Distributed.Caching;
using OAuthClientCredentials.Distributed.DependencyInjection;
using OAuthClientCredentials.Distributed.Diagnostics;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the shared token cache.</summary>
public static class SharedTokenCacheClientCredentialsBuilderExtensions
{
    /// <summary>
    /// Shares tokens with the other instances of the service through the application's <see cref="IDistributedCache"/>. Entries are
    /// encrypted by the application's <see cref="IDataProtectionProvider"/>. With an <see cref="IDistributedLockProvider"/>, one instance
    /// requests a token and the others take it from the cache. Without one, instances that need a token at the same moment each request
    /// their own.
    /// </summary>
    /// <remarks>
    /// The cache is asked only when an instance needs a token: at first, when a renewal is due, and after a 401. A cache or lock that is
    /// down or slow never fails a call (<see cref="SharedTokenCacheOptions.StoreTimeout"/>). Repeated calls only add their options.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Configures the cache.</param>
    /// <returns>The same <paramref name="builder"/>.</returns>
    /// <exception cref="OptionsValidationException">At the start of the host, or with the first token: an option is not valid, or the
    /// application has no <see cref="IDistributedCache"/> or no <see cref="IDataProtectionProvider"/>.</exception>
    /// <exception cref="InvalidOperationException">Another <see cref="ISharedTokenCache"/> is registered.</exception>
    public static IClientCredentialsBuilder AddSharedTokenCache(
        this IClientCredentialsBuilder builder,
        Action<SharedTokenCacheOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        IServiceCollection services = builder.Services;
        OptionsBuilder<SharedTokenCacheOptions> options = services.AddOptions<SharedTokenCacheOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        options.PostConfigure<IServiceProvider>((o, provider) => o.KeyPrefix ??= DefaultKeyPrefix(provider));
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SharedTokenCacheOptions>, SharedTokenCacheOptionsValidator>());
        // The meter shows that an earlier call has registered the cache.
        if (services.All(service => service.ServiceType != typeof(SharedCacheMeter)))
        {
            AddCache(services);
        }

        return builder;
    }

    private static void AddCache(IServiceCollection services)
    {
        if (services.Any(service => service.ServiceType == typeof(ISharedTokenCache)))
        {
            throw new InvalidOperationException("Another ISharedTokenCache is registered. Remove it, or do not call AddSharedTokenCache.");
        }

        services.AddSingleton(provider => new SharedCacheMeter(provider.GetService<IMeterFactory>()));
        services.AddSingleton<ISharedTokenCache>(Create);

        // Before the service that requests the first tokens.
        services.Insert(0, ServiceDescriptor.Singleton<IHostedService>(
            provider => new StoreWarmUp(() => provider.GetService<ISharedTokenCache>() as SharedTokenCache, TimeOf(provider))));
    }

    private static string? DefaultKeyPrefix(IServiceProvider services)
    {
        string? name = services.GetService<IHostEnvironment>()?.ApplicationName ?? Assembly.GetEntryAssembly()?.GetName().Name;
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        return name + ":access-token:";
    }

    private static TimeProvider TimeOf(IServiceProvider services) => services.GetService<TimeProvider>() ?? TimeProvider.System;

    private static SharedTokenCache Create(IServiceProvider services)
    {
        SharedTokenCacheOptions options = services.GetRequiredService<IOptions<SharedTokenCacheOptions>>().Value;
        TimeProvider timeProvider = TimeOf(services);
        ILogger logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("OAuthClientCredentials.SharedTokenCache");
        SharedCacheMeter meter = services.GetRequiredService<SharedCacheMeter>();
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        if (cache.GetType().Name == "MemoryDistributedCache")
        {
            logger.CacheIsNotShared();
        }

        IDataProtectionProvider? protection = null;
        if (options.StorePlaintext)
        {
            logger.TokensAreNotEncrypted();
        }
        else
        {
            protection = services.GetRequiredService<IDataProtectionProvider>();
        }

        return new(
            options.KeyPrefix!,
            new TokenStore(cache, protection, NewCalls("cache"), timeProvider),
            new FleetLock(services.GetService<IDistributedLockProvider>(), NewCalls("lock")),
            options.LockTimeout,
            timeProvider,
            logger);

        BoundedCalls NewCalls(string store) => new(store, options.StoreTimeout, timeProvider, logger, meter);
    }
}
