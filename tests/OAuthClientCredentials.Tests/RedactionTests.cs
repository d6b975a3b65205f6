using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

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
        Assert.DoesNotContain(PublicTypes.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static)), method => method.Name is "op_Implicit" or "op_Explicit");
        Assert.Equal(typeof(string), typeof(ClientCredentialsOptions).GetProperty(nameof(ClientCredentialsOptions.ClientSecret))!.PropertyType);
    }

    [Fact]
    [Trait("Req", "R-211")]
    public async Task A_token_shows_itself_to_nobody()
    {
        using OneClient client = OneClient.Answering($$"""{"access_token":"{{Canary}}","expires_in":60,"extra":"{{Canary}}"}""");
        AccessToken token = await client.GetAsync();
        Assert.Equal(Canary, token.Value);
        Assert.All(Texts(token), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
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
        Assert.All(Texts(options), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.DoesNotContain(Canary, JsonSerializer.Serialize(options, Reflecting), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-211")]
    public async Task An_attempt_shows_its_parameters_to_nobody()
    {
        TokenRequestAttempt? seen = null;
        TestAuthorizationServer endpoint = new();
        using OneClient client = new(endpoint, options => options.UseAuthentication(new Capture(attempt => seen = attempt)));
        await client.GetAsync();
        Assert.All(Texts(seen!), text => Assert.DoesNotContain(Canary, text, StringComparison.Ordinal));
        Assert.Throws<NotSupportedException>(() => JsonSerializer.Serialize(seen, Reflecting));
    }

    // Interpolation, formatting, and what a debugger shows without being asked.
    private static IEnumerable<string> Texts(object value)
    {
        yield return $"{value}";
        yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, "{0}", value);
        string display = value.GetType().GetCustomAttribute<DebuggerDisplayAttribute>()?.Value ?? "{ToString(),nq}";
        foreach (string part in display.Split('{').Skip(1).Select(part => part.Split('}')[0].Split(',')[0]))
        {
            yield return part.EndsWith("()", StringComparison.Ordinal) ? $"{value.GetType().GetMethod(part[..^2], [])!.Invoke(value, null)}" : $"{value.GetType().GetProperty(part)!.GetValue(value)}";
        }

        foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).Where(property => property.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State != DebuggerBrowsableState.Never))
        {
            yield return $"{property.GetValue(value)}";
        }
    }

    private sealed class Capture(Action<TokenRequestAttempt> seen) : ClientAuthentication
    {
        public override string Method => "capture";

        public override ValueTask WriteAsync(TokenRequestAttempt attempt, CancellationToken cancellationToken)
        {
            attempt.AddParameter("client_secret", Canary);
            attempt.Authorization = new("Basic", Canary);
            seen(attempt);
            return ValueTask.CompletedTask;
        }
    }
}
