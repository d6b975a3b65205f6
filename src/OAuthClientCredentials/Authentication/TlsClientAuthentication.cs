namespace OAuthClientCredentials.Authentication;

/// <summary>The connection itself proves the client (RFC 8705 section 2); the body only says who it is .</summary>
internal sealed class TlsClientAuthentication(string method) : ClientAuthentication
{
    public const string Name = "tls_client_auth";
    public const string SelfSignedName = "self_signed_tls_client_auth";

    public override string Method => method;

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        request.AddParameter("client_id", request.Client.ClientId);
        return ValueTask.CompletedTask;
    }
}
