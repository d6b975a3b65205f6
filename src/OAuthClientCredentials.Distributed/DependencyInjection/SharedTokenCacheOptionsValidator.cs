using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Distributed.DependencyInjection;

/// <summary>Validates the options, and that the application has what the shared cache needs .</summary>
internal sealed class SharedTokenCacheOptionsValidator(IServiceProvider services) : IValidateOptions<SharedTokenCacheOptions>
{
    private static readonly TimeSpan MinStoreTimeout = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MaxStoreTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxLockTimeout = TimeSpan.FromSeconds(60);

    public ValidateOptionsResult Validate(string? name, SharedTokenCacheOptions options)
    {
        List<string> failures = [];
        if (services.GetService<IDistributedCache>() is null)
        {
            failures.Add(
                "AddSharedTokenCache needs an IDistributedCache, and none is registered. Register one, for instance with "
                + "services.AddStackExchangeRedisCache(...).");
        }

        if (!options.StorePlaintext && services.GetService<IDataProtectionProvider>() is null)
        {
            failures.Add(
                "AddSharedTokenCache encrypts tokens with ASP.NET Core Data Protection, and it is not registered. Call "
                + "services.AddDataProtection() with SetApplicationName and keys that all instances share, or set StorePlaintext.");
        }

        if (string.IsNullOrWhiteSpace(options.KeyPrefix))
        {
            failures.Add("SharedTokenCacheOptions.KeyPrefix is empty. Set it to the name of the service, followed by a colon.");
        }

        if (options.StoreTimeout < MinStoreTimeout || options.StoreTimeout > MaxStoreTimeout)
        {
            failures.Add("SharedTokenCacheOptions.StoreTimeout must be between 10 milliseconds and 5 seconds.");
        }

        if (options.LockTimeout < TimeSpan.Zero || options.LockTimeout > MaxLockTimeout)
        {
            failures.Add("SharedTokenCacheOptions.LockTimeout must be between 0 and 60 seconds.");
        }

        if (failures.Count > 0)
        {
            return ValidateOptionsResult.Fail(failures);
        }

        return ValidateOptionsResult.Success;
    }
}
