namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>A test that needs PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (PostgresServer.Folder is null)
        {
            Skip = "PostgreSQL is not installed in /usr/lib/postgresql.";
        }
    }
}

/// <summary>A test that needs RabbitMQ.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RabbitMqFactAttribute : FactAttribute
{
    public RabbitMqFactAttribute()
    {
        if (!File.Exists(RabbitMqServer.Program))
        {
            Skip = $"RabbitMQ is not installed as {RabbitMqServer.Program}.";
        }
    }
}
