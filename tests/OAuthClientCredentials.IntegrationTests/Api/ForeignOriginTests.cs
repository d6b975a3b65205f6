using OAuthClientCredentials.IntegrationTests.Canaries;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The leak that began it all (azure-sdk-for-net PR 59606), many times over: an API that redirects elsewhere, and retries around.</summary>
public sealed class ForeignOriginTests(Ground ground, ITestOutputHelper output) : CanaryTests, IClassFixture<Ground>
{
    private const int Calls = 200;

    public static TheoryData<string, bool> Outsides => new()
    {
        { "plain Polly", true },
        { "plain Polly", false },
        { "standard resilience", true },
        { "standard resilience", false },
        { "hedging", true },
        { "hedging", false },
    };

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-113")]
    [MemberData(nameof(Outsides))]
    public async Task In_two_hundred_calls_with_chance_at_every_turn_no_token_is_seen_at_the_other_origin(string outside, bool hasAddress)
    {
        Chance chance = new(59606);
        Answer random = Random(chance);
        Scene? scene = null;
        scene = ground.Open(
            new(
                (context, token) => (chance.Of(4) == 0 ? random : Answers.Redirect(chance.Any(301, 302, 303, 307, 308), () => scene!.At(Place.Other), random)).WriteAsync(context, token),
                _ => true),
            random);
        await using Scene disposed = scene;
        HttpClient client = scene.Client(outside: Outside.Of(outside), hasAddress: hasAddress);
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (call, cancellationToken) =>
        {
            using HttpRequestMessage request = new(call % 3 == 0 ? HttpMethod.Post : HttpMethod.Get, new Uri(scene.At(Place.Api), "orders")) { Content = call % 3 == 0 ? new StringContent("an order") : null };
            await Record.ExceptionAsync(async () => (await client.SendAsync(request, cancellationToken)).Dispose());
        });
        output.WriteLine($"{outside}, address known: {hasAddress}: {Calls} calls, {scene.AtApi.Count()} requests at the API, {scene.AtApi.Count(arrival => arrival.Token > 0)} with a token, {scene.AtOther.Count()} at the other origin, {scene.AtOther.Count(arrival => arrival.Token != 0)} with a token, {scene.TokenRequests} token requests");
        Assert.All(scene.AtOther, arrival => Assert.Equal(0, arrival.Token));
        Assert.InRange(scene.AtOther.Count(), Calls / 2, int.MaxValue);
        Assert.InRange(scene.AtApi.Count(arrival => arrival.Token > 0), Calls, Calls * Outside.Attempts * 2);
        Assert.InRange(scene.TokenRequests, 1, 3);
    }

    private static Answer Random(Chance chance) => new((context, token) => Answers.Of(chance.Any("200", "401 always", "503")).WriteAsync(context, token), _ => true);

    /// <summary>The same dice in every run, though threads throw them in their own order.</summary>
    private sealed class Chance(int seed)
    {
        private readonly Random _random = new(seed);

        public int Of(int sides)
        {
            lock (_random)
            {
                return _random.Next(sides);
            }
        }

        public T Any<T>(params T[] choices) => choices[Of(choices.Length)];
    }
}
