namespace OAuthClientCredentials.Discovery;

internal static class MetadataAddresses
{
    /// <summary>
    /// Returns the possible addresses of an issuer's metadata in the order in which they are tried. RFC 8414 section 3.1 inserts
    /// the well-known path before the issuer's path. Entra, Cognito and Google publish only the OpenID form, which appends it.
    /// </summary>
    public static IReadOnlyList<Uri> For(string authority, string? metadataAddress)
    {
        if (!string.IsNullOrEmpty(metadataAddress))
        {
            return [new Uri(metadataAddress)];
        }

        Uri issuer = new(authority);
        string origin = issuer.GetLeftPart(UriPartial.Authority);
        string path = issuer.AbsolutePath.TrimEnd('/');
        return [new($"{origin}/.well-known/oauth-authorization-server{path}"), new($"{origin}{path}/.well-known/openid-configuration")];
    }
}
