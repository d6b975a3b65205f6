using System.Runtime.CompilerServices;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>What every secret and token of these tests contains, and the ears that listen for it from the first test to the last .</summary>
internal static class Canary
{
    public const string Marker = "CanaryK7qW2xJ9";

    /// <summary>How every signed or encrypted token of the OpenIddict server begins.</summary>
    private const string JwtStart = "eyJhbGciOi";

    public static Ears Ears { get; } = new(Marker, JwtStart);

    [ModuleInitializer]
    internal static void Listen() => _ = Ears;
}
