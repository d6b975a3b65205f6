using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>What an unset method means, and which credentials contradict a method or one another.</summary>
public sealed class InferenceTests
{
    [Theory]
    [Trait("Req", "R-030")]
    [InlineData("", "client_secret_basic")]
    [InlineData("ClientSecret", "client_secret_basic")]
    [InlineData("ClientSecretFile", "client_secret_basic")]
    [InlineData("CertificateFile", "tls_client_auth")]
    [InlineData("CertificateThumbprint", "tls_client_auth")]
    [InlineData("PrivateKey", "private_key_jwt")]
    [InlineData("PrivateKeyFile", "private_key_jwt")]
    [InlineData("ClientAssertionFile", "private_key_jwt")]
    [InlineData("ClientSecret CertificateFile", null)]
    [InlineData("ClientSecret PrivateKeyFile", null)]
    [InlineData("ClientSecretFile ClientAssertionFile", null)]
    [InlineData("CertificateFile PrivateKeyFile", null)]
    [InlineData("CertificateFile ClientAssertionFile", null)]
    [InlineData("PrivateKeyFile ClientAssertionFile", null)]
    public void An_unset_method_follows_from_the_one_credential_that_is_there(string credentials, string? method)
    {
        Assert.Equal(method, AuthenticationMethods.Of(With(credentials, null)));
        if (method is null)
        {
            Assert.StartsWith("ClientCredentials:AuthenticationMethod is missing: more than one credential is configured", Refusal(credentials, null), StringComparison.Ordinal);
        }
    }

    [Theory]
    [Trait("Req", "R-023")]
    [InlineData("tls_client_auth", "", "CertificateFile is missing: tls_client_auth needs a certificate")]
    [InlineData("self_signed_tls_client_auth", "", "CertificateFile is missing: self_signed_tls_client_auth needs a certificate")]
    [InlineData("tls_client_auth", "CertificateFile ClientSecret", "AuthenticationMethod is tls_client_auth, but ClientSecret is set")]
    [InlineData("tls_client_auth", "CertificateFile PrivateKeyFile", "AuthenticationMethod is tls_client_auth, but PrivateKey is set")]
    [InlineData("tls_client_auth", "CertificateFile ClientAssertionFile", "AuthenticationMethod is tls_client_auth, but ClientAssertionFile is set")]
    [InlineData("none", "ClientAssertionFile", "AuthenticationMethod is none, but ClientAssertionFile is set")]
    [InlineData("none", "ClientSecret", "AuthenticationMethod is none, but ClientSecret is set")]
    [InlineData("client_secret_basic", "ClientSecret ClientAssertionFile", "AuthenticationMethod is client_secret_basic, but ClientAssertionFile is set")]
    [InlineData("private_key_jwt", "", "PrivateKey is missing: private_key_jwt needs a key")]
    [InlineData("private_key_jwt", "ClientAssertionFile ClientSecret", "AuthenticationMethod is private_key_jwt, but ClientSecret is set")]
    [InlineData("tls_client_auth", "CertificateFile CertificateThumbprint", "CertificateThumbprint is one of several sources")]
    [InlineData("tls_client_auth", "CertificateKeyFile CertificateThumbprint", "CertificateKeyFile needs CertificateFile")]
    [InlineData("client_secret_basic", "ClientSecret CertificateBoundTokens", "CertificateBoundTokens needs a certificate")]
    [InlineData("tls_client_auth", "CertificateFile CertificateStore", "CertificateStore must be a location and a name")]
    public void A_credential_that_is_missing_or_that_nothing_uses_is_an_error_at_start(string method, string credentials, string problem) =>
        Assert.Contains($"ClientCredentials:{problem}", Refusal(credentials, method), StringComparison.Ordinal);

    private static string Refusal(string credentials, string? method) =>
        Assert.Throws<OptionsValidationException>(() => TokenProvider.Create(options => With(options, credentials, method))).Message;

    private static ClientCredentialsOptions With(string credentials, string? method)
    {
        ClientCredentialsOptions options = new();
        With(options, credentials, method);
        return options;
    }

    private static void With(ClientCredentialsOptions options, string credentials, string? method)
    {
        (options.TokenEndpoint, options.ClientId, options.AuthenticationMethod) = (OneClient.Endpoint, "shop", method);
        foreach (string credential in credentials.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            switch (credential)
            {
                case "ClientSecret": options.ClientSecret = "secret"; break;
                case "ClientSecretFile": options.ClientSecretFile = "/secret"; break;
                case "CertificateFile": options.CertificateFile = "/tls.pem"; break;
                case "CertificateKeyFile": options.CertificateKeyFile = "/tls.key"; break;
                case "CertificateThumbprint": options.CertificateThumbprint = new string('0', 40); break;
                case "CertificateStore": options.CertificateStore = "My"; break;
                case "CertificateBoundTokens": options.CertificateBoundTokens = true; break;
                case "PrivateKey": options.PrivateKey = "key"; break;
                case "PrivateKeyFile": options.PrivateKeyFile = "/key.pem"; break;
                default: options.ClientAssertionFile = "/token"; break;
            }
        }
    }
}
