namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>The ports of the <see cref="Ground"/>, each an origin of its own.</summary>
internal enum Place
{
    Tokens,
    Api,
    ApiHttp2,
    Other,
}
