namespace OAuthClientCredentials.Handling;

/// <summary>What the caller chose for one request: another client or token request, or no token. Kept in the request's options.</summary>
internal sealed record RequestChoice
{
    private static readonly HttpRequestOptionsKey<RequestChoice> Key = new("OAuthClientCredentials.RequestChoice");

    private static readonly RequestChoice Nothing = new();

    public TokenRequest? TokenRequest { get; init; }

    public string? ClientName { get; init; }

    public bool SkipsToken { get; init; }

    public static RequestChoice? Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Key, out RequestChoice? choice) ? choice : null;

    public static void Change(HttpRequestMessage request, Func<RequestChoice, RequestChoice> change) =>
        request.Options.Set(Key, change(Of(request) ?? Nothing));
}
