using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using StackExchange.Redis;

namespace Fleet;

/// <summary>Runs a fleet through its scenes and prints what each of them cost.</summary>
internal sealed class Demo(DemoOptions options)
{
    // Renewals are due at 75 % of the lifetime at the earliest.
    private const double DueFraction = 0.75;

    private readonly string _keys = CreateKeyRing("keys");
    private readonly string _otherKeys = CreateKeyRing("other-keys");
    private readonly SceneReport _report = new(options);

    public async Task<int> RunAsync()
    {
        int port = FreePort();
        using NetworkLink link = new(port);
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{link.Port}");
        try
        {
            await CompareAsync();
            await RunFleetAsync(port, link, address);
            if (options.HasAllScenes)
            {
                using StoreProcess store = await StoreProcess.StartAsync(options.Store, port);
                await RunDifferencesAsync(address);
            }
        }
        finally
        {
            Directory.Delete(_keys, recursive: true);
            Directory.Delete(_otherKeys, recursive: true);
        }

        return _report.Finish();
    }

    /// <summary>The same replicas without the shared cache.</summary>
    private async Task CompareAsync()
    {
        await using ServiceFleet fleet = new(options.Lifetime, options.Replicas);
        await fleet.StartAsync(options.Replicas, settings => settings);
        Scene scene = new("cold start without the shared cache", options.Replicas, options.Replicas);
        await _report.RunAsync(scene, fleet, fleet.StartCallsAsync, TimeSpan.Zero);
    }

    /// <summary>One fleet: a cold start, renewals, a dead store, a killed replica.</summary>
    private async Task RunFleetAsync(int port, NetworkLink link, string address)
    {
        StoreProcess store = await StoreProcess.StartAsync(options.Store, port);
        try
        {
            await using ServiceFleet fleet = new(options.Lifetime, options.Replicas);
            await fleet.StartAsync(options.Replicas, settings => settings with { Store = address, Keys = _keys });
            await _report.RunAsync(new("cold start", 1, 1), fleet, fleet.StartCallsAsync, TimeSpan.Zero);
            await _report.RunAsync(Steady("steady"), fleet, Nothing, options.Lifetime * options.Lifetimes);
            await _report.RunAsync(new("token rejected in all replicas", 2, 2), fleet, fleet.RevokeTokenAsync, options.Lifetime / 2);

            TimeSpan outage = options.HasAllScenes ? TimeSpan.FromMinutes(1) : options.Lifetime * 2;
            await _report.RunAsync(Alone("store killed", outage), fleet, Act(store.Kill), outage);
            store.Dispose();
            store = await StoreProcess.StartAsync(options.Store, port);
            await Task.Delay(options.Lifetime * 2);
            await _report.RunAsync(Steady("store restarted"), fleet, Nothing, options.Lifetime * options.Lifetimes);
            if (options.HasAllScenes)
            {
                await _report.RunAsync(Alone("store paused", outage / 4), fleet, Act(store.Pause), outage / 4);
                store.Resume();
                await Task.Delay(options.Lifetime * 2);
                await _report.RunAsync(Alone("network to the store lost", outage / 4), fleet, Act(link.Block), outage / 4);
                link.Unblock();
                await Task.Delay(options.Lifetime * 2);
                await _report.RunAsync(
                    new("entry poisoned", 1, 3),
                    fleet,
                    () => ChangeEntriesAsync(port, static _ => [1, 2, 3]),
                    options.Lifetime);
                await _report.RunAsync(
                    new("entry with a flipped byte", 1, 3),
                    fleet,
                    () => ChangeEntriesAsync(port, Flip),
                    options.Lifetime);
            }

            await _report.RunAsync(
                new("replica with the lock killed", 2, 5) { LongestSeconds = 8 },
                fleet,
                () => fleet.KillNextHolderAsync(TimeSpan.FromSeconds(3)),
                TimeSpan.FromSeconds(8));
        }
        finally
        {
            store.Dispose();
        }
    }

    /// <summary>Fleets whose replicas are not alike.</summary>
    private async Task RunDifferencesAsync(string address)
    {
        TimeSpan time = options.Lifetime * 2;
        await RunHalvesAsync(
            Alone("half of the replicas with other keys", time),
            address,
            time,
            settings => settings with { Keys = _otherKeys });
        await RunHalvesAsync(
            new("half of the replicas with another scope, cold", 2, 2),
            address,
            TimeSpan.Zero,
            settings => settings with { Scope = "orders.write" });
        await RunHalvesAsync(
            new("no lock, cold", 1, options.Replicas),
            address,
            TimeSpan.Zero,
            settings => settings with { HasLock = false },
            all: true);

        await RunHalvesAsync(
            new("DPoP with a key for each replica, cold", options.Replicas, options.Replicas),
            address,
            TimeSpan.Zero,
            settings => settings with { HasDPoP = true },
            all: true);
        string keyFile = Path.Combine(_keys, "dpop.pem");
        using (ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem());
        }

        await RunHalvesAsync(
            new("DPoP with one key file, cold", 1, 1),
            address,
            TimeSpan.Zero,
            settings => settings with { HasDPoP = true, DPoPKeyFile = keyFile },
            all: true);

        await using ServiceFleet fleet = new(TimeSpan.FromMinutes(5), options.Replicas);
        await StartHalvesAsync(fleet, address, settings => settings with { ClockSkew = 60 }, all: false);
        await _report.RunAsync(new("clocks 60 s apart, cold", 1, 1), fleet, fleet.StartCallsAsync, TimeSpan.FromSeconds(3));
        await _report.RunAsync(new("clocks 60 s apart, token rejected", 1, 1), fleet, Act(fleet.RevokeTokens), TimeSpan.FromSeconds(3));
    }

    private async Task RunHalvesAsync(
        Scene scene,
        string address,
        TimeSpan time,
        Func<ReplicaSettings, ReplicaSettings> different,
        bool all = false)
    {
        await using ServiceFleet fleet = new(options.Lifetime, options.Replicas);
        await StartHalvesAsync(fleet, address, different, all);
        await _report.RunAsync(scene, fleet, fleet.StartCallsAsync, time);
    }

    // The token endpoint is part of the key, and each fleet has its own, so that it does not find the tokens of earlier fleets.
    private async Task StartHalvesAsync(
        ServiceFleet fleet,
        string address,
        Func<ReplicaSettings, ReplicaSettings> different,
        bool all)
    {
        int half = options.Replicas / 2;
        await fleet.StartAsync(half, settings => all ? different(Shared(settings)) : Shared(settings));
        await fleet.StartAsync(options.Replicas - half, settings => different(Shared(settings)));

        ReplicaSettings Shared(ReplicaSettings settings) => settings with { Store = address, Keys = _keys };
    }

    private Scene Steady(string name)
    {
        double ideal = options.Lifetimes / DueFraction;
        return new(name, ideal, Math.Max((int)(1.1 * ideal), (int)Math.Ceiling(ideal)));
    }

    // Without the store each replica requests its own tokens.
    private Scene Alone(string name, TimeSpan time)
    {
        int periods = (int)(time / (options.Lifetime * DueFraction)) + 2;
        return new(name, options.Replicas * time / (options.Lifetime * DueFraction), options.Replicas * periods);
    }

    private static async Task ChangeEntriesAsync(int port, Func<byte[], byte[]> change)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        await using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(address);
        await foreach (RedisKey key in redis.GetServer(address).KeysAsync(pattern: "*access-token*"))
        {
            if (await redis.GetDatabase().KeyTypeAsync(key) == RedisType.Hash)
            {
                byte[] entry = (byte[])(await redis.GetDatabase().HashGetAsync(key, "data"))!;
                await redis.GetDatabase().HashSetAsync(key, "data", change(entry));
            }
        }
    }

    private static byte[] Flip(byte[] entry)
    {
        entry[entry.Length / 2] ^= 1;
        return entry;
    }

    // The first key exists before the first replica starts. Replicas that start at the same time would each create one.
    private static string CreateKeyRing(string name)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fleet-" + name);
        DataProtectionProvider.Create(folder, keys => keys.SetApplicationName("fleet")).CreateProtector("first").Protect("key");
        return folder.FullName;
    }

    private static Func<Task> Act(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };

    private static Task Nothing() => Task.CompletedTask;

    private static int FreePort()
    {
        using System.Net.Sockets.TcpListener probe = new(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
