using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Caching.Distributed;

namespace OAuthClientCredentials.Distributed.Caching;

/// <summary>
/// Reads and writes entries of the application's cache, encrypted and authenticated for their key. Without a protection provider
/// they are plain text.
/// </summary>
internal sealed class TokenStore(
    IDistributedCache cache,
    IDataProtectionProvider? protection,
    BoundedCalls calls,
    TimeProvider timeProvider)
{
    private const string Purpose = "OAuthClientCredentials.Distributed";
    private const string FormatVersion = "1";

    // Token responses are limited to 1 MiB.
    private const int MaxEntryBytes = 2 * 1024 * 1024;

    /// <summary>Whether the cache failed a moment ago and is not asked.</summary>
    public bool IsSkipped => calls.AreSkipped;

    public async Task<StoredToken> ReadAsync(string name, CancellationToken cancellationToken)
    {
        CallResult<StoredToken> result = await calls
            .TryAsync(
                "get",
                async stop => Read(name, await cache.GetAsync(name, stop).ConfigureAwait(false)),
                stored => stored.Outcome,
                cancellationToken)
            .ConfigureAwait(false);
        return result.Value;
    }

    /// <returns>Whether the token is stored.</returns>
    public async Task<bool> WriteAsync(string name, AccessToken token)
    {
        DateTimeOffset now = timeProvider.GetUtcNow();
        TimeSpan lifetime = token.ExpiresAt - now;
        if (lifetime <= TimeSpan.Zero)
        {
            return false; // It was issued expired, and only the calls that waited for it get it.
        }

        DistributedCacheEntryOptions options = new() { AbsoluteExpirationRelativeToNow = lifetime };
        CallResult<bool> result = await calls
            .TryAsync(
                "set",
                async stop =>
                {
                    byte[] entry = Protect(name, TokenEntry.Write(token, now));
                    await cache.SetAsync(name, entry, options, stop).ConfigureAwait(false);
                    return true;
                },
                static _ => "stored",
                CancellationToken.None)
            .ConfigureAwait(false);
        return result.Value;
    }

    public async Task RemoveAsync(string name, CancellationToken cancellationToken) => _ = await calls
        .TryAsync(
            "remove",
            async stop =>
            {
                await cache.RemoveAsync(name, stop).ConfigureAwait(false);
                return true;
            },
            static _ => "removed",
            cancellationToken)
        .ConfigureAwait(false);

    /// <summary>
    /// Connects and encrypts once, without a time limit. The first operations of a process take longer than those that follow, because they
    /// load code and keys.
    /// </summary>
    public async Task WarmUpAsync(string name)
    {
        byte[] entry = Protect(name, TokenEntry.Write(new("warm-up", DateTimeOffset.MaxValue), timeProvider.GetUtcNow()));
        _ = Read(name, entry);
        _ = await cache.GetAsync(name).ConfigureAwait(false);
    }

    private StoredToken Read(string name, byte[]? entry)
    {
        if (entry is null)
        {
            return StoredToken.None;
        }

        if (entry.Length > MaxEntryBytes)
        {
            return StoredToken.Unreadable;
        }

        try
        {
            return TokenEntry.Read(Protector(name)?.Unprotect(entry) ?? entry, timeProvider.GetUtcNow());
        }
        catch (CryptographicException)
        {
            return StoredToken.Unreadable; // It was changed, moved from another key, or encrypted with keys that we do not have.
        }
    }

    private byte[] Protect(string name, byte[] entry) => Protector(name)?.Protect(entry) ?? entry;

    private IDataProtector? Protector(string name) => protection?.CreateProtector(Purpose, FormatVersion, name);
}
