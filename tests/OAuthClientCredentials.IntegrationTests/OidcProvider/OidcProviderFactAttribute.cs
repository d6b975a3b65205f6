namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

[AttributeUsage(AttributeTargets.Method)]
internal sealed class OidcProviderFactAttribute : FactAttribute
{
    public OidcProviderFactAttribute() => Skip = OidcProviderServer.Unavailable;
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class OidcProviderTheoryAttribute : TheoryAttribute
{
    public OidcProviderTheoryAttribute() => Skip = OidcProviderServer.Unavailable;
}
