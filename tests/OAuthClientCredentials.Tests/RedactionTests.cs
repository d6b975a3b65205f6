using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests;

/// <summary>Nothing that holds a secret or a token prints itself, by whatever way it is asked to.</summary>
public sealed class RedactionTests
{
    private const string Canary = "canary";

    private static readonly JsonSerializerOptions Reflecting = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly Type[] PublicTypes = typeof(TokenProvider).Assembly.GetExportedTypes();

    [Fact]
    [Trait("Req", "R-211")]
    [Trait("Req", "R-212")]
    public void No_public_type_is_a_record_or_turns_into_text_by_itself()
    {
        Assert.All(PublicTypes, type => Assert.Null(type.GetMethod("<Clone>$")));
        Assert.DoesNotContain(
            PublicTypes.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static)),
            method => method.Name is "op_Implicit" or "op_Explicit");
        Assert.Equal(
            typeof(string),
            typeof(ClientCredentialsOptions).GetProperty(nameof(ClientCredentialsOptions.ClientSecret))!.PropertyType);
    }

    [Fact]
    [Trait("Req", "R-210")]
    [Trait("Req", "R-211")]
    public async Task No_public_type_shows_a_secret_or_a_token_to_anybody()
    {
        Type[] walked = [.. PublicTypes.Where(type => type is { IsInterface: false, IsEnum: false } && !(type.IsAbstract && type.IsSealed))];
        object[] live = await LiveAsync();
        Assert.Equal(walked.Select(type => type.Name).Order(), live.Select(NameOfPublicType).Order());
        foreach (object value in live)
        {
            Assert.All(SelfPortrait.Of(value), text => Assert.DoesNotContain(Canary, text, StringComparison.OrdinalIgnoreCase));
            string json = "";
            Exception? refused = Record.Exception(() => { json = JsonSerializer.Serialize(value, value.GetType(), Reflecting); });
            Assert.DoesNotContain(Canary, json + refused, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    [Trait("Req", "R-211")]
    public async Task A_token_shows_itself_to_nobody()
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{Canary}}","expires_in":60,"extra":"{{Canary}}"}""");
        AccessToken token = await client.GetAsync();
        Assert.Equal(Canary, token.Value);
        Assert.All(SelfPortrait.Of(token), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.Contains("***", token.ToString(), StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(token, Reflecting));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new { Token = token }, Reflecting));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<AccessToken>("{}", Reflecting));
    }

    [Fact]
    [Trait("Req", "R-212")]
    public void Options_show_their_secret_to_nobody()
    {
        ClientCredentialsOptions options = new() { ClientId = "shop", Authority = "https://id.example.com", ClientSecret = Canary };
        Assert.All(SelfPortrait.Of(options), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.DoesNotContain(Canary, JsonSerializer.Serialize(options, Reflecting), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-211")]
    public async Task An_attempt_shows_its_parameters_to_nobody()
    {
        AuthorizationServerRequest? seen = null;
        TestAuthorizationServer endpoint = new();
        using OneClient client = new(endpoint, options => options.UseAuthentication(new Capture(attempt => seen = attempt)));
        await client.GetAsync();
        Assert.All(SelfPortrait.Of(seen!), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(seen, Reflecting));
    }

    // One of each, as it is in an application that has asked for a token with a secret, sent it, and been refused one.
    private static async Task<object[]> LiveAsync()
    {
        TestAuthorizationServer server = new();
        server.Next(TestResponse.Token(value: Canary), TestResponse.Error("invalid_scope", $"{Canary} may not have it"));
        AuthorizationServerRequest? attempt = null;
        Capture authentication = new(seen => attempt = seen);
        ClientCredentialsOptions options = new();
        ServiceCollection services = new();
        services.AddClientCredentials(configured =>
        {
            (configured.TokenEndpoint, configured.ClientId, configured.ClientSecret, configured.MaxRetries) = (OneClient.Endpoint, "shop", Canary, 0);
            configured.UseAuthentication(authentication);
            options = configured;
        });
        services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler();
        ServiceProvider provider = services.UseTestAuthorizationServer(server).UseTestApi("api", server.CreateApi()).BuildServiceProvider();
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        while (handler is not AccessTokenHandler)
        {
            handler = ((DelegatingHandler)handler).InnerHandler!;
        }

        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        (await client.GetAsync("/orders")).Dispose();
        TokenProvider tokens = provider.GetRequiredService<TokenProvider>();
        TokenRequest request = new() { Scopes = ["burn"] };
        return
        [
            await tokens.GetTokenAsync(), handler, new AccessTokenHandlerOptions(), authentication, options, provider.GetRequiredService<TokenClient>(), tokens, request, attempt!, attempt!.Client,
            tokens.GetStatus(),
            new CertificateBinding(new TlsCertificate(Certificates.Create(Canary), [])),
            await Assert.ThrowsAsync<TokenRequestException>(async () => await tokens.GetTokenAsync(request: request)),
            await Assert.ThrowsAsync<OriginNotAllowedException>(() => client.GetAsync("https://evil.example.com/")),
        ];
    }

    private static string NameOfPublicType(object value)
    {
        Type type = value.GetType();
        while (!PublicTypes.Contains(type))
        {
            type = type.BaseType!;
        }

        return type.Name;
    }

    private sealed class Capture(Action<AuthorizationServerRequest> seen) : ClientAuthentication
    {
        public override string Method => "capture";

        public override ValueTask WriteAsync(AuthorizationServerRequest attempt, CancellationToken cancellationToken)
        {
            attempt.AddParameter("client_secret", Canary);
            attempt.Authorization = new("Basic", Canary);
            seen(attempt);
            return ValueTask.CompletedTask;
        }
    }
}
