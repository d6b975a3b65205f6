using System.Globalization;

namespace Fleet;

/// <summary>What one replica is told by its environment variables.</summary>
internal sealed record ReplicaSettings
{
    public int Number { get; init; }

    public required Uri AuthorizationServer { get; init; }

    public required Uri Api { get; init; }

    /// <summary>The store's address; empty for a replica without a shared cache.</summary>
    public string Store { get; init; } = "";

    /// <summary>The folder of the Data Protection keys.</summary>
    public string Keys { get; init; } = "";

    public string Scope { get; init; } = "orders.read";

    /// <summary>How many seconds its wall clock is ahead.</summary>
    public int ClockSkew { get; init; }

    public bool HasLock { get; init; } = true;

    /// <summary>Whether tokens are bound to a key by DPoP.</summary>
    public bool HasDPoP { get; init; }

    /// <summary>The file with the DPoP key; empty for a key of the replica's own.</summary>
    public string DPoPKeyFile { get; init; } = "";

    public static ReplicaSettings FromEnvironment() => new()
    {
        Number = int.Parse(Read(nameof(Number)), CultureInfo.InvariantCulture),
        AuthorizationServer = new(Read(nameof(AuthorizationServer))),
        Api = new(Read(nameof(Api))),
        Store = Read(nameof(Store)),
        Keys = Read(nameof(Keys)),
        Scope = Read(nameof(Scope)),
        ClockSkew = int.Parse(Read(nameof(ClockSkew)), CultureInfo.InvariantCulture),
        HasLock = bool.Parse(Read(nameof(HasLock))),
        HasDPoP = bool.Parse(Read(nameof(HasDPoP))),
        DPoPKeyFile = Read(nameof(DPoPKeyFile)),
    };

    public void WriteTo(IDictionary<string, string?> environment)
    {
        Write(nameof(Number), Number.ToString(CultureInfo.InvariantCulture));
        Write(nameof(AuthorizationServer), AuthorizationServer.ToString());
        Write(nameof(Api), Api.ToString());
        Write(nameof(Store), Store);
        Write(nameof(Keys), Keys);
        Write(nameof(Scope), Scope);
        Write(nameof(ClockSkew), ClockSkew.ToString(CultureInfo.InvariantCulture));
        Write(nameof(HasLock), HasLock.ToString());
        Write(nameof(HasDPoP), HasDPoP.ToString());
        Write(nameof(DPoPKeyFile), DPoPKeyFile);

        void Write(string name, string value) => environment["FLEET_" + name] = value;
    }

    private static string Read(string name) => Environment.GetEnvironmentVariable("FLEET_" + name) ?? "";
}
