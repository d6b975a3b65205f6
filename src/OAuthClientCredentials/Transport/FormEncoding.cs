namespace OAuthClientCredentials.Transport;

internal static class FormEncoding
{
    /// <summary>Encodes a value for a form. Unreserved characters stay unchanged, because some servers do not decode .</summary>
    public static string Encode(string value) => Uri.EscapeDataString(value).Replace("%20", "+", StringComparison.Ordinal);
}
