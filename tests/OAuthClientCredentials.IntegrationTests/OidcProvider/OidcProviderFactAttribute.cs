namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

[AttributeUsage(AttributeTargets.Method)]
internal sealed class OidcProviderFactAttribute : FactAttribute
{
    public OidcProviderFactAttribute() => Skip = OidcProviderFolder.Unavailable;
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class OidcProviderTheoryAttribute : TheoryAttribute
{
    public OidcProviderTheoryAttribute() => Skip = OidcProviderFolder.Unavailable;
}
