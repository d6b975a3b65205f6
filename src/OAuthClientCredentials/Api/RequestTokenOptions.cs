namespace OAuthClientCredentials.Api;

/// <summary>The caller's options for the token of one request: another client, another token request, or no token.</summary>
/// <remarks>They are kept in the options of the request.</remarks>
internal sealed record RequestTokenOptions
{
    private static readonly HttpRequestOptionsKey<RequestTokenOptions> Key = new("OAuthClientCredentials.RequestTokenOptions");

    private static readonly RequestTokenOptions Default = new();

    public TokenRequest? TokenRequest { get; init; }

    public string? ClientName { get; init; }

    public bool SkipsToken { get; init; }

    public static RequestTokenOptions? Of(HttpRequestMessage request)
    {
        request.Options.TryGetValue(Key, out RequestTokenOptions? options);
        return options;
    }

    public static void Update(HttpRequestMessage request, Func<RequestTokenOptions, RequestTokenOptions> update) =>
        request.Options.Set(Key, update(Of(request) ?? Default));
}
