using System.Net.Http.Headers;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Authentication;

internal sealed class ClientSecretBasic(BasicEncoding encoding) : ClientAuthentication
{
    public const string Name = "client_secret_basic";

    public override string Method => Name;

    public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
        await request.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);

    public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
    {
        string credentials = $"{Encode(request.Client.ClientId)}:{Encode(request.Secret!)}";
        request.Authorization = new AuthenticationHeaderValue("Basic", FormEncoding.Base64(credentials));
        return ValueTask.CompletedTask;
    }

    private string Encode(string value) => encoding == BasicEncoding.Raw ? value : FormEncoding.Encode(value);
}
