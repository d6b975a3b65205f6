using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>The job of the script that this library began as: a token, then GET /resource, and in plain words what failed.</summary>
internal static class ScriptMode
{
    private static readonly string?[] Settings = [ClientId, ClientSecret, TokenUrl, Authority, ApiBaseUrl];

    private static string? ClientId => Read("OAUTH_CLIENT_ID");

    private static string? ClientSecret => Read("OAUTH_CLIENT_SECRET");

    private static string? TokenUrl => Read("OAUTH_TOKEN_URL");

    private static string? Authority => Read("OAUTH_AUTHORITY");

    private static string? ApiBaseUrl => Read("API_BASE_URL");

    public static bool IsConfigured => Settings.Any(setting => setting is not null);

    public static async Task<int> RunAsync()
    {
        string[] missing = [.. Missing()];
        if (missing.Length > 0)
        {
            Console.Error.WriteLine($"Not set: {string.Join(", ", missing)}. Set all of them to call your API, or none to see the scenes.");
            return 2;
        }

        string address = ApiBaseUrl!.TrimEnd('/') + "/resource";
        if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? resource) || resource.Scheme is not ("https" or "http"))
        {
            Console.Error.WriteLine("API_BASE_URL is not an absolute https address, such as https://api.example.com/data.");
            return 2;
        }

        ServiceCollection services = new();
        services.AddClientCredentials("script", Configure);
        services.AddHttpClient("api", client => client.BaseAddress = resource).AddClientCredentialsHandler("script");
        await using ServiceProvider provider = services.BuildServiceProvider();
        return await CallAsync(provider.GetRequiredService<IHttpClientFactory>().CreateClient("api"), resource);
    }

    private static void Configure(ClientCredentialsOptions options)
    {
        options.ClientId = ClientId;
        options.ClientSecret = ClientSecret;
        options.TokenEndpoint = TokenUrl;
        options.Authority = Authority;
        options.AuthenticationMethod = Read("OAUTH_AUTH_METHOD");
        if (Read("OAUTH_SCOPE") is { } scope)
        {
            options.Scopes = [scope];
        }
    }

    private static async Task<int> CallAsync(HttpClient client, Uri resource)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, resource);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using HttpResponseMessage response = await client.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                Console.Error.WriteLine($"The API at {resource} answered {(int)response.StatusCode} {response.ReasonPhrase}.");
                return 4;
            }

            Console.WriteLine(await response.Content.ReadAsStringAsync());
            return 0;
        }
        catch (OptionsValidationException exception)
        {
            Console.Error.WriteLine($"No token, and the API was not called. {string.Join(Environment.NewLine, exception.Failures)}");
            return 3;
        }
        catch (Exception exception) when (exception is TokenRequestException or OriginNotAllowedException)
        {
            Console.Error.WriteLine($"No token, and the API was not called. {exception.Message}");
            return 3;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            Console.Error.WriteLine($"The API at {resource} could not be reached: {exception.Message}");
            return 4;
        }
    }

    private static IEnumerable<string> Missing()
    {
        if (ClientId is null)
        {
            yield return "OAUTH_CLIENT_ID";
        }

        if (ClientSecret is null)
        {
            yield return "OAUTH_CLIENT_SECRET";
        }

        if (TokenUrl is null && Authority is null)
        {
            yield return "OAUTH_TOKEN_URL (or OAUTH_AUTHORITY)";
        }

        if (ApiBaseUrl is null)
        {
            yield return "API_BASE_URL";
        }
    }

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
