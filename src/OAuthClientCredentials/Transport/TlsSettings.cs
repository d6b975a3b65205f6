using System.Net.Security;
using System.Reflection;
using System.Security.Authentication;

namespace OAuthClientCredentials.Transport;

/// <summary>What connections need beyond the settings of their handler: a client certificate, or TLS 1.2 or later.</summary>
internal abstract class TlsSettings
{
#pragma warning disable CA5398 // FAPI 2.0 section 5.2.1 names the lowest version, so the operating system must not decide.
    private const SslProtocols Tls12OrLater = SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>TLS 1.2 or later, without a client certificate.</summary>
    public static TlsSettings WithoutOldVersions { get; } = new VersionsOnly();

    /// <summary>Identifies the settings, in the names of the HttpClients that have them.</summary>
    public abstract string Id { get; }

    /// <summary>
    /// Returns a copy of a transport that has these settings on all connections, or null if the transport cannot be copied. The original
    /// is not changed, because other HttpClients may share it.
    /// </summary>
    public HttpMessageHandler? TryApplyToCopyOf(HttpMessageHandler transport) =>
        HandlerCopy.TryReplaceTransport(transport, CreateCopy);

    protected abstract HttpMessageHandler? CreateCopy(HttpMessageHandler transport);

    /// <summary>Removes the versions before TLS 1.2 from a copy.</summary>
    protected static void RemoveOldVersions(HttpMessageHandler? copy)
    {
        switch (copy)
        {
            case SocketsHttpHandler sockets:
                sockets.SslOptions = Copy(sockets.SslOptions);
                sockets.SslOptions.EnabledSslProtocols = WithoutOld(sockets.SslOptions.EnabledSslProtocols);
                break;
            case HttpClientHandler classic:
                classic.SslProtocols = WithoutOld(classic.SslProtocols);
                break;
        }
    }

    // Transports may share one options object, and would then use each other's certificate. .NET has no public method to copy it.
    // Reflection copies every property, including properties of later versions.
    protected static SslClientAuthenticationOptions Copy(SslClientAuthenticationOptions original)
    {
        SslClientAuthenticationOptions copy = new();
        foreach (PropertyInfo property in typeof(SslClientAuthenticationOptions).GetProperties())
        {
            property.SetValue(copy, property.GetValue(original));
        }

        return copy;
    }

    // None means that the operating system decides, as it does without RequireFapi2.
    private static SslProtocols WithoutOld(SslProtocols configured)
    {
        SslProtocols allowed = configured & Tls12OrLater;
        return allowed == SslProtocols.None ? Tls12OrLater : allowed;
    }

    private sealed class VersionsOnly : TlsSettings
    {
        public override string Id => "TLS 1.2 or later";

        protected override HttpMessageHandler? CreateCopy(HttpMessageHandler transport)
        {
            HttpMessageHandler? copy = HandlerCopy.TryCreate(transport);
            RemoveOldVersions(copy);
            return copy;
        }
    }
}
