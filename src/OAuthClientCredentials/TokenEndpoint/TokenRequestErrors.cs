using OAuthClientCredentials.Diagnostics;

namespace OAuthClientCredentials.TokenEndpoint;

/// <summary>The errors of token requests that got no response.</summary>
internal static class TokenRequestErrors
{
    public static TokenRequestException TimedOut(ClientContext client, TimeSpan limit) => client.Error(
        $" within {limit.TotalSeconds:0.###} seconds: the authorization server did not respond. "
        + "Check that it can be reached from here, or raise Timeout and AttemptTimeout.",
        isTransient: true,
        kind: ErrorType.Timeout);

    public static TokenRequestException HadNoPermit(ClientContext client, TimeSpan limit, int permits) => client.Error(
        $" within {limit.TotalSeconds:0.###} seconds: {permits} other requests were under way at the authorization server, "
        + "as many as MaxConcurrentRequests allows. Raise Timeout or MaxConcurrentRequests.",
        isTransient: true,
        kind: ErrorType.NoPermit);

    /// <summary>User code threw an unexpected exception. Its message may contain a secret and is not repeated.</summary>
    public static TokenRequestException Broken(ClientContext client, Exception exception) => client.Error(
        $": {exception.GetType().Name} was thrown in your resilience pipeline, handler, authentication, token cache or logger. "
        + "Check the log of that component, and fix it.",
        isTransient: true,
        kind: ErrorType.Exception);
}
