namespace OAuthClientCredentials.Diagnostics;

/// <summary>From when until when a certificate or an assertion is valid (UTC).</summary>
internal sealed record CredentialValidity(DateTimeOffset From, DateTimeOffset Until);
