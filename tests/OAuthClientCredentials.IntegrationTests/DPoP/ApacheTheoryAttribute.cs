using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>A test of Apache with tokens of oidc-provider.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ApacheTheoryAttribute : TheoryAttribute
{
    public ApacheTheoryAttribute() => Skip = ApacheServer.Unavailable ?? OidcProviderFolder.Unavailable;
}
