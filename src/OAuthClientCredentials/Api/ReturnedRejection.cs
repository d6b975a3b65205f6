namespace OAuthClientCredentials.Api;

/// <summary>Why a 401 was returned to the caller.</summary>
/// <param name="Outcome">The word for the metric, from a closed list.</param>
/// <param name="Reason">The reason for the log.</param>
internal sealed record ReturnedRejection(string Outcome, string Reason)
{
    private const string CannotReplay = "not_replayable";

    public static readonly ReturnedRejection RenewalFailed = new("renewal_failed", "the renewal failed");

    public static readonly ReturnedRejection Rationed =
        new("rationed", "the token stays in use, because renewals are limited or the authorization server returned no other token");

    public static readonly ReturnedRejection SameToken = new("rationed", "the authorization server returned the same token again");

    public static readonly ReturnedRejection NotReplayable = new(CannotReplay, "the request cannot be sent again");

    public static readonly ReturnedRejection Synchronous = new(CannotReplay, "a synchronous call is not sent again");

    public static readonly ReturnedRejection ReplayFailed = new("replay_failed", "sending the request again failed at once");

    /// <summary>A new token would not help.</summary>
    public static ReturnedRejection NotRenewable(string reason) => new("not_renewable", reason);
}
