using System.Net.Http.Headers;
using OAuthClientCredentials.Wire;

namespace OAuthClientCredentials.Authentication;

internal sealed class ClientSecretBasic(BasicEncoding encoding) : ClientAuthentication
{
    public const string Name = "client_secret_basic";

    public override string Method => Name;

    public override async ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
    {
        string secret = await attempt.ReadClientSecretAsync(cancellationToken).ConfigureAwait(false);
        attempt.Authorization = new AuthenticationHeaderValue("Basic", FormEncoding.Base64($"{Encode(attempt.ClientId)}:{Encode(secret)}"));
    }

    private string Encode(string value) => encoding == BasicEncoding.Raw ? value : FormEncoding.Encode(value);
}
