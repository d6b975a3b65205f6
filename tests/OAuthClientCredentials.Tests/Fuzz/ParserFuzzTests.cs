using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OAuthClientCredentials.Api;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Any bytes of a server lead to the documented exception or to a result that is safe to use.</summary>
public sealed class ParserFuzzTests
{
    private const string Issuer = "https://id.example.com";
    private const string Secret = "canary";

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(3650);

    [Fact]
    [Trait("Req", "R-042")]
    [Trait("Req", "R-044")]
    [Trait("Req", "R-045")]
    [Trait("Req", "R-046")]
    [Trait("Req", "R-047")]
    [Trait("Req", "R-048")]
    [Trait("Req", "R-051")]
    public void Token_response_is_refused_or_safe() => Fuzzer.Run("token-responses", Grammar.Token, CheckToken);

    [Fact]
    [Trait("Req", "R-060")]
    [Trait("Req", "R-061")]
    public void Error_response_becomes_clean_text() => Fuzzer.Run("error-responses", Grammar.Error, CheckError);

    [Fact]
    [Trait("Req", "R-181")]
    [Trait("Req", "R-182")]
    public void Metadata_is_refused_or_names_an_allowed_host() => Fuzzer.Run("metadata", Grammar.Metadata, CheckMetadata);

    [Fact]
    [Trait("Req", "R-132")]
    public void Challenges_are_read_or_ignored() => Fuzzer.Run("challenges", Grammar.Challenges, CheckChallenges);

    [Fact]
    [Trait("Req", "R-065")]
    public void Retry_After_is_positive_or_null() => Fuzzer.Run("retry-after", Grammar.Wait, CheckWait);

    [Fact]
    [Trait("Req", "R-048")]
    public void Lifetime_is_whole_seconds_within_its_limits() => Fuzzer.Run("expires-in", Grammar.Number, CheckLifetime);

    private static string CheckToken(byte[] input)
    {
        if (Parse(input, out TokenResponse? response) is { } refused)
        {
            return refused;
        }

        bool isBearerSyntax = Read(input, HttpStatusCode.OK, requireBearerSyntax: true, out _) is not null;
        if (Read(input, HttpStatusCode.OK, requireBearerSyntax: false, out TokenRequestException? refusal) is not { } token)
        {
            True(!isBearerSyntax && IsClean(refusal!.Message));
            return $"{refusal?.Error} {response!.Problem} {response.AccessToken.Length == 0}";
        }

        using HttpRequestMessage request = new();
        request.Headers.Authorization = token.AuthorizationHeader;
        True(token.Value == response!.AccessToken && token.Value.Length > 0);
        True(token.Value.All(character => character is >= '!' and <= '~'));
        True(request.Headers.ToString().TrimEnd() == $"Authorization: Bearer {response.AccessToken}");
        True(response.ExpiresIn is null || (response.ExpiresIn >= TimeSpan.Zero && response.ExpiresIn <= MaxLifetime));
        True(!response.AdditionalParameters.Keys.Any(name => name is "refresh_token" or "id_token" or "access_token"));

        // Another reader of JSON understands the same.
        int mark = input.AsSpan().StartsWith("\uFEFF"u8) ? 3 : 0;
        using JsonDocument document = JsonDocument.Parse(input.AsMemory(mark), new JsonDocumentOptions { MaxDepth = 8 });
        JsonElement root = document.RootElement;
        True(root.EnumerateObject().Select(member => member.Name).Distinct().Count() == root.GetPropertyCount());
        True(root.GetProperty("access_token").GetString() == response.AccessToken);
        return $"token {isBearerSyntax} {response.ExpiresIn is null} {response.Scopes.Count} {response.AdditionalParameters.Count}";
    }

    private static string CheckError(byte[] input)
    {
        _ = Read(input, (HttpStatusCode)(400 + (input.Length % 104)), requireBearerSyntax: false, out TokenRequestException? exception);
        foreach (string? text in new[] { exception!.Error, exception.ErrorDescription, exception.ErrorUri })
        {
            True(text is null || (text.Length is > 0 and <= 256 && IsClean(text)));
        }

        True(exception.Message.Length <= 1200 && IsClean(exception.Message));
        return $"{exception.Error} {exception.ErrorDescription is null} {exception.IsTransient}";
    }

    private static AccessToken? Read(byte[] input, HttpStatusCode status, bool requireBearerSyntax, out TokenRequestException? refusal)
    {
        ClientCredentialsOptions options = new() { ClientId = "shop", ClientSecret = Secret, RequireBearerSyntax = requireBearerSyntax };
        ClientSettings settings = new(new("", "ClientCredentials", "shop", null, TimeProvider.System), options);
        AuthorizationServerRequest request = new(new(Issuer), settings.Context)
        {
            Secret = Secret,
            Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("shop:" + Secret))),
        };
        try
        {
            refusal = null;
            EndpointResponse response = new(new(), status, Encoding.Latin1.GetString(input), input, default, null);
            return TokenResponseReader.Read(response, request, new(settings, TokenRequest.Default, isAwaited: true), null, default);
        }
        catch (TokenRequestException exception)
        {
            refusal = exception;
            return null;
        }
    }

    private static string CheckMetadata(byte[] input)
    {
        ServerMetadata metadata;
        try
        {
            if (MetadataDocument.Parse(input, Issuer) is not { } document)
            {
                return "not a document";
            }

            metadata = document.Read(PlainHttp.Loopback, ["tokens.example.net"]);
        }
        catch (FormatException exception)
        {
            True(exception.GetType() == typeof(FormatException));
            return exception.Message;
        }

        Uri endpoint = metadata.TokenEndpoint;
        True(endpoint is { IsAbsoluteUri: true, Scheme: "https", UserInfo: "", Fragment: "" });
        string host = endpoint.IdnHost;
        True(host is "id.example.com" or "tokens.example.net" || host.EndsWith(".id.example.com", StringComparison.Ordinal));
        True(endpoint.IdnHost.All(char.IsAscii) && !endpoint.AbsoluteUri.Any(char.IsControl));
        return $"{endpoint.IdnHost.Length} {endpoint.Port} {metadata.AuthenticationMethods?.Count}";
    }

    private static string CheckChallenges(byte[] input)
    {
        string header = Encoding.Latin1.GetString(input);
        List<Challenge>? challenges = Challenges.Parse(header);
        True(challenges is null or { Count: <= 16 });
        True(challenges?.All(challenge => challenge.Scheme.Length > 0 && challenge.Scheme.All(IsVisible)) != false);
        using HttpResponseMessage response = new(HttpStatusCode.Unauthorized);
        if (response.Headers.TryAddWithoutValidation("WWW-Authenticate", header))
        {
            True(Challenges.Read(response).Count == (challenges?.Count ?? 0));
        }

        return $"{challenges?.Count} {challenges?.Count(challenge => challenge.Error is null)}";
    }

    private static string CheckWait(byte[] input)
    {
        DateTimeOffset now = new(2026, 11, 25, 0, 0, 0, TimeSpan.Zero);
        string value = Encoding.Latin1.GetString(input);
        using HttpResponseMessage response = new((HttpStatusCode)(input.Length % 3 == 0 ? 429 : 503));
        if (!response.Headers.TryAddWithoutValidation("Retry-After", value))
        {
            return "no header";
        }

        TimeSpan? wait = RetryAfter.Read(response, now);
        True(wait is null || wait > TimeSpan.Zero);
        string digits = value.Trim();
        if (digits.Length is > 0 and < 5 && digits.All(char.IsAsciiDigit))
        {
            True((wait ?? TimeSpan.Zero) == TimeSpan.FromSeconds(int.Parse(digits, CultureInfo.InvariantCulture)));
        }

        response.StatusCode = HttpStatusCode.InternalServerError;
        True(RetryAfter.Read(response, now) is null);
        return wait is null ? "none" : $"{Math.Round(Math.Log10(wait.Value.TotalSeconds))}";
    }

    private static string CheckLifetime(byte[] input)
    {
        if (Parse([.. "{\"access_token\":\"a\",\"expires_in\":"u8, .. input, .. "}"u8], out TokenResponse? response) is { } refused)
        {
            return refused;
        }

        True(response!.ExpiresIn is null || (response.ExpiresIn >= TimeSpan.Zero && response.ExpiresIn <= MaxLifetime));
        True((response.ExpiresIn?.Ticks ?? 0) % TimeSpan.TicksPerSecond == 0);
        string text = Encoding.UTF8.GetString(input);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds) && input[0] != '+')
        {
            True(response.ExpiresIn == TimeSpan.FromSeconds(Math.Clamp(seconds, 0, (long)MaxLifetime.TotalSeconds)));
        }

        return response.Problem ?? $"{response.ExpiresIn?.TotalSeconds}";
    }

    private static string? Parse(byte[] input, out TokenResponse? response)
    {
        response = null;
        try
        {
            response = TokenResponse.Parse(input);
            return null;
        }
        catch (FormatException exception)
        {
            True(exception.GetType() == typeof(FormatException) && !exception.Message.Contains(Secret, StringComparison.Ordinal));
            return exception.Message;
        }
    }

    private static bool IsVisible(char character) => character is > ' ' and < '\u007f';

    private static bool IsClean(string text) =>
        !text.Contains(Secret, StringComparison.OrdinalIgnoreCase)
        && !text.Any(character => char.IsControl(character) || char.IsSurrogate(character))
        && text.IndexOfAny(['\u2028', '\u2029', '\u200b', '\u202e']) < 0;

    // Assert would cost more than the parser.
    private static void True(bool condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition)
        {
            throw new InvalidOperationException("Not so: " + text);
        }
    }
}
