using RabbitMQ.Client;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

internal sealed class TokenCredentials(ITokenProvider tokens, TimeProvider time) : ICredentialsProvider
{
    public string Name => "orders";

    public async Task<Credentials> GetCredentialsAsync(CancellationToken cancellationToken = default)
    {
        AccessToken token = await tokens.GetTokenAsync("orders", cancellationToken);
        return new Credentials(Name, "", token.Value, token.ExpiresAt - time.GetUtcNow());
    }

    // The broker closes a connection whose token has expired. Run this beside each connection.
    public async Task UpdateAsync(IConnection connection, ILogger logger, CancellationToken cancellationToken)
    {
        string? sent = null;
        using PeriodicTimer timer = new(TimeSpan.FromSeconds(30), time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            try
            {
                AccessToken token = await tokens.GetTokenAsync("orders", cancellationToken);
                if (token.Value != sent)
                {
                    await connection.UpdateSecretAsync(token.Value, "The token was renewed.", cancellationToken);
                    sent = token.Value;
                }
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                logger.LogWarning(exception, "The token of the connection was not updated.");
            }
        }
    }
}
