using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests;

/// <summary>No object that holds a secret or a token shows it in text, in JSON or in a debugger.</summary>
public sealed class RedactionTests
{
    private const string Canary = "canary";

    private static readonly JsonSerializerOptions Reflecting = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly Type[] PublicTypes = typeof(TokenProvider).Assembly.GetExportedTypes();

    [Fact]
    [Trait("Req", "R-211")]
    [Trait("Req", "R-212")]
    public void No_public_type_is_a_record_or_converts_to_text_implicitly()
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
    public async Task No_public_type_shows_a_secret_or_a_token()
    {
        bool IsStatic(Type type) => type.IsAbstract && type.IsSealed;
        Type[] walked = [.. PublicTypes.Where(type => type is { IsInterface: false, IsEnum: false } && !IsStatic(type))];
        object[] live = await LiveAsync();
        Assert.Equal(walked.Select(type => type.Name).Order(), live.Select(NameOfPublicType).Order());
        foreach (object value in live)
        {
            Assert.All(ShownTexts(value), text => Assert.DoesNotContain(Canary, text, StringComparison.OrdinalIgnoreCase));
            string json = "";
            Exception? refused = Record.Exception(() => { json = JsonSerializer.Serialize(value, value.GetType(), Reflecting); });
            Assert.DoesNotContain(Canary, json + refused, StringComparison.OrdinalIgnoreCase);
        }

        AccessToken token = live.OfType<AccessToken>().Single();
        Assert.Equal(Canary, token.Value);
        Assert.Contains("***", token.ToString(), StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(token, Reflecting));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(new { Token = token }, Reflecting));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Deserialize<AccessToken>("{}", Reflecting));
        AuthorizationServerRequest request = live.OfType<AuthorizationServerRequest>().Single();
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(request, Reflecting));
    }

    // One object of each type, after a token was requested, sent and refused.
    private static async Task<object[]> LiveAsync()
    {
        TestAuthorizationServer server = new();
        server.Next(TestResponse.Token(value: Canary), TestResponse.Error("invalid_scope", $"{Canary} may not have it"));
        AuthorizationServerRequest? sent = null;
        Capture authentication = new(request => sent = request);
        ClientCredentialsOptions options = new();
        TestProvider app = TestProvider.WithServices(
            services =>
            {
                TestProvider.AddClient(services, "", configured =>
                {
                    configured.ClientSecret = Canary;
                    configured.UseAuthentication(authentication);
                    options = configured;
                });
                services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com")).AddClientCredentialsHandler();
                services.UseTestApi("api", server.CreateApi());
            },
            server);
        ServiceProvider provider = app.Services;
        HttpMessageHandler handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("api");
        while (handler is not AccessTokenHandler)
        {
            handler = ((DelegatingHandler)handler).InnerHandler!;
        }

        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        (await client.GetAsync("/orders")).Dispose();
        TokenRequest request = TestProvider.Scope("burn");
        return
        [
            await app.Tokens.GetTokenAsync(),
            handler,
            new AccessTokenHandlerOptions(),
            authentication,
            options,
            provider.GetRequiredService<TokenClient>(),
            app.Tokens,
            request,
            sent!,
            sent!.Client,
            app.Tokens.GetStatus(),
            new CertificateBinding(new TlsCertificate(Certificates.Create(Canary), [])),
            await app.FailAsync("", request),
            await Assert.ThrowsAsync<OriginNotAllowedException>(() => client.GetAsync("https://evil.example.com/")),
        ];
    }

    // What an object shows in string formatting and in the window of a debugger.
    private static IEnumerable<string> ShownTexts(object value)
    {
        const BindingFlags Members = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance;
        Type type = value.GetType();
        yield return $"{value}";
        string display = type.GetCustomAttribute<DebuggerDisplayAttribute>()?.Value ?? "{ToString(),nq}";
        foreach (string part in display.Split('{').Skip(1).Select(part => part.Split('}')[0].Split(',')[0]))
        {
            MethodInfo? getter = type.GetProperty(part)?.GetMethod;
            MethodInfo method = getter ?? type.GetMethod(part.Replace("()", "", StringComparison.Ordinal), [])!;
            yield return $"{method.Invoke(value, null)}";
        }

        foreach (PropertyInfo property in type.GetProperties(Members))
        {
            if (property.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State != DebuggerBrowsableState.Never)
            {
                yield return $"{property.GetValue(value)}";
            }
        }
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

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            request.AddParameter("client_secret", Canary);
            request.Authorization = new("Basic", Canary);
            seen(request);
            return ValueTask.CompletedTask;
        }
    }
}
