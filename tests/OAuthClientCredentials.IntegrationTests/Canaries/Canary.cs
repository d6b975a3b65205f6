namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>What every secret and token of these tests contains, and nothing else that is ever said.</summary>
internal static class Canary
{
    public const string Marker = "CanaryK7qW2xJ9";
}
