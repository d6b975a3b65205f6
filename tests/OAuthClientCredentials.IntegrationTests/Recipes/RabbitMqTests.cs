using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The RabbitMQ recipe with a real broker.</summary>
public sealed class RabbitMqTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-330")]
    public async Task The_credentials_are_the_token_and_its_lifetime()
    {
        await using RecipeHost host = new();
        Credentials credentials = await new TokenCredentials(host.Tokens, TimeProvider.System).GetCredentialsAsync();
        Assert.Equal(("", $"{Canary.Marker}-1"), (credentials.UserName, credentials.Password));
        Assert.InRange(credentials.ValidUntil!.Value, TimeSpan.FromMinutes(59), TimeSpan.FromMinutes(60));
    }

    [RabbitMqFact]
    [Trait("Req", "R-330")]
    public async Task A_connection_opens_with_the_token_and_gets_the_next_one()
    {
        await using RabbitMqServer broker = await RabbitMqServer.StartAsync();
        await using RecipeHost host = new();
        ITokenProvider tokens = host.Tokens;

        // The second token permits more than the first, which shows which one the broker uses.
        host.Server.Always(TestResponse.Token(value: broker.CreateToken("rabbitmq.configure:%2F/first")));
        TestTimeProvider time = new();
        TokenCredentials credentials = new(tokens, time);
        ConnectionFactory factory = new() { CredentialsProvider = credentials };

        factory.HostName = "127.0.0.1";
        factory.Port = broker.Port;
        await using IConnection connection = await factory.CreateConnectionAsync();
        await DeclareAsync(connection, "first");
        Assert.Equal(403, await DeclareAsync(connection, "second"));

        host.Server.Always(TestResponse.Token(value: broker.CreateToken("rabbitmq.configure:%2F/second")));
        tokens.Forget("orders");
        using CancellationTokenSource stop = new();
        Task updates = credentials.UpdateAsync(connection, NullLogger.Instance, stop.Token);
        time.Advance(TimeSpan.FromSeconds(30));
        long end = Environment.TickCount64 + 30_000;
        while (await DeclareAsync(connection, "second") == 403)
        {
            Assert.True(Environment.TickCount64 < end, "The broker did not get the new token.");
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => updates);
        Assert.True(connection.IsOpen);
    }

    // The reply code of the broker; 0 if it declared the queue.
    private static async Task<int> DeclareAsync(IConnection connection, string queue)
    {
        try
        {
            await using IChannel channel = await connection.CreateChannelAsync();
            await channel.QueueDeclareAsync(queue);
            return 0;
        }
        catch (OperationInterruptedException exception)
        {
            return exception.ShutdownReason!.ReplyCode;
        }
    }
}
