namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>One request as a server saw it. The token is its number, 0 for none; the body is null if it was not read.</summary>
internal sealed record Arrival(Place Place, string Method, string Host, string Path, int Token, byte[]? Body);
