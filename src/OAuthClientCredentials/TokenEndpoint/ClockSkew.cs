using System.Globalization;
using System.Text.RegularExpressions;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>
/// Compares the clock of the server, as its Date header shows it, with the clock of this machine. Only for messages: an attacker may
/// control the header (R-086).
/// </summary>
internal static partial class ClockSkew
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(60);

    /// <summary>Whether the clocks differ by more than 60 seconds.</summary>
    public static bool IsLarge(EndpointResponse response) =>
        response.Date is { } server && (server - response.ReceivedAt).Duration() > Tolerance;

    /// <summary>
    /// Returns the end of an error message: both clocks, if they differ or if the server rejected the time of an assertion or a DPoP proof.
    /// Otherwise returns an empty text.
    /// </summary>
    /// <param name="response">The response that refuses the request.</param>
    /// <param name="error">The error code, cleaned.</param>
    /// <param name="description">The server's error_description, cleaned.</param>
    /// <param name="sentAssertion">Whether the request had an assertion. In other requests the server checks no time of ours.</param>
    public static string Hint(EndpointResponse response, string? error, string? description, bool sentAssertion)
    {
        bool isSkewed = IsLarge(response);
        bool isProof = error == "invalid_dpop_proof";
        if (!isSkewed && !isProof && !(sentAssertion && TimeWords().IsMatch(description ?? "")))
        {
            return "";
        }

        DateTimeOffset own = response.ReceivedAt.ToUniversalTime();
        if (response.Date?.ToUniversalTime() is not { } server)
        {
            return $" The clock of this machine shows {DateAndTime(own)} UTC; the response has no Date header. "
                + "Check that the clock is right.";
        }

        string clocks = $" The clock of the server shows {DateAndTime(server)} UTC, and the clock of this machine {DateAndTime(own)} UTC.";
        if (server.Date == own.Date)
        {
            clocks = $" The clock of the server shows {Time(server)} UTC, and the clock of this machine {Time(own)} UTC.";
        }

        if (isSkewed)
        {
            return $"{clocks} Correct the one that is wrong.";
        }

        if (isProof)
        {
            return $"{clocks} Check that both are right.";
        }

        // Some servers tolerate not even a second. The assertion may also come from another machine.
        return $"{clocks} Check that both are right, and that the assertion is not an old one.";
    }

    private static string Time(DateTimeOffset time) => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string DateAndTime(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    // Words of Keycloak, Entra, Okta, Go servers and others for an assertion that is too old or too new.
    [GeneratedRegex(
        @"\b(in(to)? the future|not yet valid|not valid yet|before issued)\b"
        + @"|\b(time range|nbf|iat|exp\W+claim|clock|expired\W+(assertion|token|jwt))\b"
        + @"|(assertion|token|jwt)\b.*\b(not active|exp|expired)\b",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex TimeWords();
}
