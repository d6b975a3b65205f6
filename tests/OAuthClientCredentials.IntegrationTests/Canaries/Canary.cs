using System.Runtime.CompilerServices;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>The text in every secret and token of these tests, and the listeners that search for it during the test run .</summary>
internal static class Canary
{
    public const string Marker = "CanaryK7qW2xJ9";

    /// <summary>The start of every signed or encrypted token of the OpenIddict server.</summary>
    private const string JwtStart = "eyJhbGciOi";

    /// <summary>The start of every DPoP proof.</summary>
    private const string ProofStart = "eyJ0eXAiOiJkcG9w";

    public static CanaryListeners Listeners { get; } = new(Marker, JwtStart, ProofStart);

    [ModuleInitializer]
    internal static void Listen() => _ = Listeners;
}
