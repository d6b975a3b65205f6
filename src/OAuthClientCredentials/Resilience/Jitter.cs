using System.Security.Cryptography;

namespace OAuthClientCredentials.Resilience;

internal static class Jitter
{
    private const int Steps = 1 << 20;

    /// <summary>A number in [from, to), evenly spread.</summary>
    public static double Between(double from, double to) => from + ((to - from) * RandomNumberGenerator.GetInt32(Steps) / Steps);
}
