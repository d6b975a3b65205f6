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
        new($"{this} got no answer to use from {endpoint.GetLeftPart(UriPartial.Path)}: {what}. {remedy}", innerException!)
        {
            ClientName = Value,
            StatusCode = status,
            RetryAfter = retryAfter,
            IsTransient = isTransient,
        };

    public TokenRequestException TimedOut(TimeSpan limit) =>
        new($"{this} got no token within {limit.TotalSeconds:0.###} seconds: the authorization server did not answer. Check that it can be reached from here, or raise Timeout and AttemptTimeout.")
        {
            ClientName = Value,
            IsTransient = true,
        };

    public TokenRequestException HadNoTurn(TimeSpan limit, int queue) =>
        new($"{this} got no token within {limit.TotalSeconds:0.###} seconds: {queue} other requests were under way at the authorization server, as many as MaxConcurrentRequests allows, and its turn did not come. Raise Timeout or MaxConcurrentRequests.")
        {
            ClientName = Value,
            IsTransient = true,
        };

    /// <summary>Something that the application brought along threw what it should not. Its text may hold anything, and is not repeated.</summary>
    public TokenRequestException Broken(Exception exception) =>
        new($"{this} got no token: {exception.GetType().Name} in a pipeline, handler, authentication, logger or listener of the application. See its log, and mend it there.")
        {
            ClientName = Value,
            IsTransient = true,
        };

    public override string ToString() => Value.Length == 0 ? "The default client" : $"Client '{Value}'";
}
