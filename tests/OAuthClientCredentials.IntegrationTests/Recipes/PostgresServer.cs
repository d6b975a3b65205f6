using Npgsql;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>A PostgreSQL server with a role whose password is the token.</summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    private readonly ServerProcess _process = new();
    private readonly int _port = ServerProcess.FreePort();

    /// <summary>The folder of the installed programs; null if there is none.</summary>
    public static string? Folder { get; } = Find();

    public string ConnectionString => $"Host=127.0.0.1;Port={_port};Username=shop;Database=postgres;SSL Mode=Disable";

    public static async Task<PostgresServer> StartAsync(string password)
    {
        PostgresServer server = new();
        await server.StartAsync();
        await server.ExecuteAsync($"CREATE ROLE shop LOGIN PASSWORD '{password}'");
        return server;
    }

    public Task SetPasswordAsync(string password) => ExecuteAsync($"ALTER ROLE shop PASSWORD '{password}'");

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string? Find()
    {
        DirectoryInfo root = new("/usr/lib/postgresql");
        return root.Exists
            ? root.GetDirectories().Select(version => Path.Combine(version.FullName, "bin")).FirstOrDefault(Directory.Exists)
            : null;
    }

    private async Task StartAsync()
    {
        // PostgreSQL refuses to run as root.
        _process.User = Environment.IsPrivilegedProcess ? "postgres" : null;
        string data = Path.Combine(_process.Folder, "data");
        await _process.RunAsync($"{Folder}/initdb", "-D", data, "-U", "admin", "--auth-local=trust", "--auth-host=scram-sha-256");
        _process.Start($"{Folder}/postgres", ["-D", data, "-h", "127.0.0.1", "-p", $"{_port}", "-k", _process.Folder]);
        await _process.WaitForAsync("ready to accept connections");
    }

    private async Task ExecuteAsync(string sql)
    {
        string connectionString = $"Host={_process.Folder};Port={_port};Username=admin;Database=postgres;Pooling=false";
        await using NpgsqlConnection connection = new(connectionString);
        await connection.OpenAsync();
        await using NpgsqlCommand command = new(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
