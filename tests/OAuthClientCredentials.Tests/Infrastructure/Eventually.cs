namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Waits for what a background task of the library does by itself, without any time of its own.</summary>
internal static class Eventually
{
    public static async Task True(Func<bool> condition)
    {
        for (int round = 0; round < 200_000 && !condition(); round++)
        {
            await Task.Yield();
        }

        SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(10));
        Assert.True(condition(), "It did not come true.");
    }
}
