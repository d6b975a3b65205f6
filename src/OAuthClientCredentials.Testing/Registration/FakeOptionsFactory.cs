using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.Testing.Registration;

/// <summary>
/// Creates the same valid options for every client. The options of the application may need credentials that tests do not have.
/// </summary>
internal sealed class FakeOptionsFactory : IOptionsFactory<ClientCredentialsOptions>
{
    public ClientCredentialsOptions Create(string name) => new()
    {
        TokenEndpoint = "https://fake.example/token",
        ClientId = "fake",
        AuthenticationMethod = "none",
        AllowInsecureHttp = true,
    };
}
