using Confluent.Kafka;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>The Kafka recipe with the real client, up to the message that carries the token to the broker.</summary>
public sealed class KafkaTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-330")]
    public async Task The_Kafka_client_sends_the_token_to_the_broker()
    {
        await using RecipeHost host = new();
        ITokenProvider tokens = host.Tokens;
        using SaslBroker broker = new();
        using IProducer<Null, string> producer = Build(tokens, broker.Configuration);
        string received = await broker.Received.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.EndsWith($"n,,\u0001auth=Bearer {Canary.Marker}-1\u0001\u0001", received, StringComparison.Ordinal);
        host.Server.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-330")]
    public async Task The_Kafka_client_reports_why_there_is_no_token()
    {
        await using RecipeHost host = new();
        host.Server.Always(Testing.TestResponse.Error("invalid_client"));
        using SaslBroker broker = new();
        TaskCompletionSource<string> reason = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using IProducer<Null, string> producer = Build(host.Tokens, broker.Configuration, error => reason.TrySetResult(error.Reason));
        Assert.Contains("invalid_client", await reason.Task.WaitAsync(TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
    }

    private static IProducer<Null, string> Build(ITokenProvider tokens, ProducerConfig configuration, Action<Error>? report = null)
    {
        ProducerBuilder<Null, string> builder = new(configuration);
        builder.SetOAuthBearerTokenRefreshHandler((client, _) =>
        {
            try
            {
                AccessToken token = tokens.GetTokenAsync("orders").AsTask().GetAwaiter().GetResult();
                client.OAuthBearerSetToken(token.Value, token.ExpiresAt.ToUnixTimeMilliseconds(), principalName: "shop");
            }
            catch (Exception exception)
            {
                client.OAuthBearerSetTokenFailure(exception.Message);
            }
        });

        builder.SetErrorHandler((_, error) => report?.Invoke(error));
        builder.SetLogHandler((_, _) => { });
        return builder.Build();
    }
}
