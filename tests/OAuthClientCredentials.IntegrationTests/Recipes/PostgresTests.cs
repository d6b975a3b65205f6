using Npgsql;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The two Npgsql recipes with a real PostgreSQL server.</summary>
public sealed class PostgresTests : CanaryTests
{
    [PostgresFact]
    [Trait("Req", "R-330")]
    public async Task Each_new_connection_asks_for_the_token_and_open_ones_stay_open()
    {
        await using RecipeHost host = new(prefix: "token");
        await using PostgresServer server = await PostgresServer.StartAsync("token-1");
        ITokenProvider tokens = host.Tokens;
        string connectionString = server.ConnectionString;

        NpgsqlDataSourceBuilder builder = new(connectionString);
        builder.UsePasswordProvider(
            _ => throw new NotSupportedException("Open connections with OpenConnectionAsync."),
            async (_, cancellationToken) => (await tokens.GetTokenAsync("orders", cancellationToken)).Value);
        await using NpgsqlDataSource database = builder.Build();

        await using NpgsqlConnection first = await database.OpenConnectionAsync();
        await server.SetPasswordAsync("token-2");
        PostgresException refused = await Assert.ThrowsAsync<PostgresException>(async () => await database.OpenConnectionAsync());
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
        tokens.Forget("orders");
        await using NpgsqlConnection second = await database.OpenConnectionAsync();
        Assert.Equal(1, await SelectAsync(first));
        Assert.Equal(1, await SelectAsync(second));
        host.Server.Verify(2);
    }

    [PostgresFact]
    [Trait("Req", "R-330")]
    public async Task A_periodic_password_serves_synchronous_calls_too()
    {
        await using RecipeHost host = new(prefix: "token");
        await using PostgresServer server = await PostgresServer.StartAsync("token-1");
        ITokenProvider tokens = host.Tokens;
        NpgsqlDataSourceBuilder builder = new(server.ConnectionString);

        builder.UsePeriodicPasswordProvider(
            async (_, cancellationToken) => (await tokens.GetTokenAsync("orders", cancellationToken)).Value,
            successRefreshInterval: TimeSpan.FromMinutes(1),
            failureRefreshInterval: TimeSpan.FromSeconds(5));

        await using NpgsqlDataSource database = builder.Build();
        await using NpgsqlConnection connection = database.OpenConnection();
        Assert.Equal(1, await SelectAsync(connection));
    }

    private static async Task<int> SelectAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new("SELECT 1", connection);
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
