using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.Hosting;

/// <summary>The health of one client. It contains no text of a server, no token and no client id.</summary>
/// <param name="ClientName">The registered name of the client.</param>
/// <param name="Health">Healthy, degraded or unhealthy.</param>
/// <param name="State">The state in one word.</param>
/// <param name="Problem">Why the client is not healthy, as the end of a sentence.</param>
internal sealed record ClientHealth(string ClientName, HealthStatus Health, string State, string? Problem)
{
    /// <summary>The status of the token; null if there is none, because the client does not exist or its options are not valid.</summary>
    public ClientStatus? Token { get; private init; }

    /// <summary>Judges the status of a client .</summary>
    /// <param name="clientName">The registered name of the client.</param>
    /// <param name="token">The status of its token.</param>
    /// <param name="now">The current time.</param>
    /// <param name="credentialExpiresWithin">A credential that expires within this time degrades the client.</param>
    public static ClientHealth Of(string clientName, ClientStatus token, DateTimeOffset now, TimeSpan credentialExpiresWithin)
    {
        if (token.LastError is { } error)
        {
            HealthStatus health = HealthStatus.Degraded;
            if (token.ExpiresAt is null && !token.OtherCallsSucceed)
            {
                health = HealthStatus.Unhealthy;
            }

            string problem = $"{DescribeToken(token)}: {ErrorType.Of(error)}, {DescribeAttempts(token, now)}";
            return new(clientName, health, StateOf(token), problem) { Token = token };
        }

        if (IsExpiring(token, now, credentialExpiresWithin))
        {
            string problem = $"has a credential that expires at {Time(token.CredentialExpiresAt)}. Replace it";
            return new(clientName, HealthStatus.Degraded, StateOf(token), problem) { Token = token };
        }

        return new(clientName, HealthStatus.Healthy, StateOf(token), null) { Token = token };
    }

    /// <summary>Adds the data of the client, under keys that begin with its name.</summary>
    public void AddTo(Dictionary<string, object> data)
    {
        string prefix = ClientName.Length == 0 ? "(default)" : ClientName;
        data[$"{prefix}.state"] = State;
        if (Token is null)
        {
            return;
        }

        (string Key, object? Value)[] values =
        [
            ("expires_at", Token.ExpiresAt),
            ("age_seconds", Token.Age?.TotalSeconds),
            ("consecutive_failures", Token.ConsecutiveFailures),
            ("last_error_type", Token.LastError is { } error ? ErrorType.Of(error) : null),
            ("next_attempt_at", Token.NextAttemptAt),
            ("last_renewed_at", Token.LastRenewedAt),
            ("last_renewal_reason", Token.LastRenewalReason),
            ("credential_expires_at", Token.CredentialExpiresAt),
        ];
        foreach ((string key, object? value) in values)
        {
            if (value is not null)
            {
                data[$"{prefix}.{key}"] = value;
            }
        }
    }

    // Nothing failed, so a client without a token was never used, or its token expired without use.
    private static string StateOf(ClientStatus token)
    {
        if (token is { State: ClientState.Empty, LastError: null })
        {
            return token.IsUsed ? "Idle" : "NeverUsed";
        }

        return token.State.ToString();
    }

    // A credential with a short validity is replaced by its platform.
    private static bool IsExpiring(ClientStatus token, DateTimeOffset now, TimeSpan within) =>
        token.CredentialLifetime / 2 >= within && token.CredentialExpiresAt - now <= within;

    private static string DescribeToken(ClientStatus token)
    {
        if (token.ExpiresAt is not null)
        {
            return $"has a token until {Time(token.ExpiresAt)}, but could not renew it";
        }

        if (token.OtherCallsSucceed)
        {
            return "has no valid token for some of its calls";
        }

        if (token.LastRenewedAt is not null)
        {
            return $"has no valid token, and received its last one at {Time(token.LastRenewedAt)}";
        }

        return "has no valid token, and never received one";
    }

    private static string DescribeAttempts(ClientStatus token, DateTimeOffset now)
    {
        string failures = string.Create(CultureInfo.InvariantCulture, $"failed requests: {token.ConsecutiveFailures}");
        if (token.NextAttemptAt > now)
        {
            return $"{failures}, next attempt at {Time(token.NextAttemptAt)}";
        }

        return $"{failures}, next attempt with the next call";
    }

    private static string Time(DateTimeOffset? time) => string.Create(CultureInfo.InvariantCulture, $"{time:u}");
}
