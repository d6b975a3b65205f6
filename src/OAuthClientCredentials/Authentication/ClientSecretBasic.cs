using System.Net.Http.Headers;
using System.Text;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Authentication;

/// <summary>Sends the client id and secret in the Authorization header (RFC 6749 section 2.3.1).</summary>
internal sealed class ClientSecretBasic(BasicEncoding encoding) : ClientAuthentication
{
    public const string Name = "client_secret_basic";

    public override string Method => Name;

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        await request.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        string credentials = $"{Encode(request.Client.ClientId)}:{Encode(request.Secret!)}";
        request.Authorization = new AuthenticationHeaderValue("Basic", Base64(credentials));
        return ValueTask.CompletedTask;
    }

    private string Encode(string value)
    {
        if (encoding == BasicEncoding.Raw)
        {
            return value;
        }

        return FormEncoding.Encode(value);
    }

    private static string Base64(string value) => Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
}
