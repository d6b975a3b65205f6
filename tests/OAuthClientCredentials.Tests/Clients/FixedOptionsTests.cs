using Microsoft.Extensions.Options;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>The options of a provider without dependency injection.</summary>
public sealed class FixedOptionsTests
{
    public static TheoryData<string, Action<ClientCredentialsOptions>> Certificates => new()
    {
        { "file", options => options.CertificateFile = "client.pem" },
        { "thumbprint", options => options.CertificateThumbprint = new string('a', 40) },
        { "callback", options => options.UseCertificate(_ => throw new InvalidOperationException("not called")) },
        {
            "bound",
            options => (options.ClientSecret, options.CertificateFile, options.CertificateBoundTokens, options.AuthenticationMethod) =
                ("secret", "client.pem", true, "client_secret_post")
        },
    };

    [Theory]
    [Trait("Req", "R-368")]
    [MemberData(nameof(Certificates))]
    public void A_certificate_beside_your_own_handler_is_an_error(string name, Action<ClientCredentialsOptions> configure)
    {
        using StubHandler handler = new(_ => Respond.Token("abc", 3600));
        OptionsValidationException exception = Assert.Throws<OptionsValidationException>(() => Create(configure, handler).Dispose());
        Assert.Equal((name, 1), (name, exception.Failures.Count()));
        Assert.Contains("your own handler", exception.Message, StringComparison.Ordinal);
        Create(configure, null).Dispose();
    }

    [Fact]
    [Trait("Req", "R-368")]
    public async Task The_remedies_for_a_certificate_beside_your_own_handler_work()
    {
        using RecordingHandler handler = new();
        await using TokenProvider tokens = Create(options => options.AuthenticationMethod = "none", handler);
        await tokens.GetTokenAsync();
        Assert.EndsWith("\n\ngrant_type=client_credentials&client_id=shop", Assert.Single(handler.Requests), StringComparison.Ordinal);
    }

    private static TokenProvider Create(Action<ClientCredentialsOptions> configure, HttpMessageHandler? handler) => TokenProvider.Create(
        options =>
        {
            (options.TokenEndpoint, options.ClientId) = (TestProvider.TokenEndpoint, "shop");
            configure(options);
        },
        handler);
}
