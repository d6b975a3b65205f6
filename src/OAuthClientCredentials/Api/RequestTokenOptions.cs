namespace OAuthClientCredentials.Api;

/// <summary>What the caller chose for one request: another client or token request, or no token. Kept in the request's options.</summary>
internal sealed record RequestTokenOptions
{
    private static readonly HttpRequestOptionsKey<RequestTokenOptions> Key = new("OAuthClientCredentials.RequestTokenOptions");

    private static readonly RequestTokenOptions Nothing = new();

    public TokenRequest? TokenRequest { get; init; }

    public string? ClientName { get; init; }

    public bool SkipsToken { get; init; }

    public static RequestTokenOptions? Of(HttpRequestMessage request) =>
        request.Options.TryGetValue(Key, out RequestTokenOptions? choice) ? choice : null;

    public static void Change(HttpRequestMessage request, Func<RequestTokenOptions, RequestTokenOptions> change) =>
        request.Options.Set(Key, change(Of(request) ?? Nothing));
}
