namespace OAuthClientCredentials;

/// <summary>How <c>client_secret_basic</c> encodes the client id and secret before base64.</summary>
public enum BasicEncoding
{
    /// <summary>Both are form-urlencoded first, as RFC 6749 section 2.3.1 requires. This is the default.</summary>
    Rfc6749,

    /// <summary>Both are used unchanged, for servers that do not decode them. A client id with a <c>:</c> is then not valid.</summary>
    Raw,
}
