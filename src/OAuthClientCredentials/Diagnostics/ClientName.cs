using System.Net;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>A client's registered name, and errors that name it.</summary>
internal readonly record struct ClientName(string Value, string OptionsPath)
{
    public string Option(string property) => $"{OptionsPath}:{property}";

    public TokenRequestException Failed(
        Uri endpoint,
        string what,
        string remedy,
        HttpStatusCode? status = null,
        bool isTransient = false,
        Exception? innerException = null,
        TimeSpan? retryAfter = null) =>
        new($"{this} could not get a token from {endpoint.GetLeftPart(UriPartial.Path)}: {what}. {remedy}", innerException!)
        {
            ClientName = Value,
            StatusCode = status,
            RetryAfter = retryAfter,
            IsTransient = isTransient,
        };

    public TokenRequestException TimedOut(TimeSpan limit) => Transient(
        $" within {limit.TotalSeconds:0.###} seconds: the authorization server did not respond.",
        "Check that it can be reached from here, or raise Timeout and AttemptTimeout.");

    public TokenRequestException HadNoPermit(TimeSpan limit, int permits) => Transient(
        $" within {limit.TotalSeconds:0.###} seconds: {permits} other requests were under way at the authorization server, "
        + "as many as MaxConcurrentRequests allows.",
        "Raise Timeout or MaxConcurrentRequests.");

    /// <summary>Your code threw what it should not. The text of its exception may hold anything and is not repeated.</summary>
    public TokenRequestException Broken(Exception exception) => Transient(
        $": {exception.GetType().Name} was thrown in your resilience pipeline, handler, authentication, token cache or logger.",
        "See its own log, and fix it there.");

    public override string ToString() => Value.Length == 0 ? "The default client" : $"Client '{Value}'";

    private TokenRequestException Transient(string problem, string remedy) =>
        new($"{this} could not get a token{problem} {remedy}") { ClientName = Value, IsTransient = true };
}
