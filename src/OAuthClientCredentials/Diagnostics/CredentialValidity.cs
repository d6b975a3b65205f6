namespace OAuthClientCredentials.Diagnostics;

/// <summary>The validity period of a certificate or an assertion (UTC).</summary>
internal sealed record CredentialValidity(DateTimeOffset From, DateTimeOffset Until)
{
    // A person or a certificate manager replaces such a credential. The platform replaces one that is valid for hours or days.
    private static readonly TimeSpan LongValidity = TimeSpan.FromDays(28);

    public TimeSpan Duration => Until - From;

    /// <summary>Whether it is worth a warning before it expires.</summary>
    public bool IsLong => Duration >= LongValidity;
}
