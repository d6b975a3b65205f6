namespace OAuthClientCredentials.Authentication;

/// <summary>
/// Authenticates by the connection's certificate (RFC 8705 section 2), which may be an X.509-SVID. The form contains only the client id
///
/// </summary>
internal sealed class TlsClientAuthentication(string method) : ClientAuthentication
{
    public const string Name = "tls_client_auth";
    public const string SelfSignedName = "self_signed_tls_client_auth";
    public const string SpiffeName = "spiffe_x509";

    public override string Method => method;

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        return ValueTask.CompletedTask;
    }
}
