using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using OAuthClientCredentials;

namespace Quickstart;

/// <summary>Calls a real API once: it requests a token, sends a GET with it, and prints the response or what failed.</summary>
internal static class ScriptMode
{
    private const int Succeeded = 0;
    private const int WrongSettings = 2;
    private const int NoToken = 3;
    private const int ApiFailed = 4;

    public static async Task<int> RunAsync()
    {
        if (ScriptSettings.Check() is { } problem)
        {
            return Fail(WrongSettings, problem);
        }

        Uri api = ScriptSettings.ReadApiAddress();
        ServiceCollection services = new();
        services.AddClientCredentials(ScriptSettings.ClientName, ScriptSettings.Configure);
        services.AddHttpClient("api", client => client.BaseAddress = api).AddClientCredentialsHandler(ScriptSettings.ClientName);
        await using ServiceProvider provider = services.BuildServiceProvider();
        return await CallAsync(provider.GetRequiredService<IHttpClientFactory>().CreateClient("api"), api);
    }

    private static async Task<int> CallAsync(HttpClient client, Uri api)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, api);
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            using HttpResponseMessage response = await client.SendAsync(request);
            if (!response.IsSuccessStatusCode)
            {
                return Fail(ApiFailed, $"The API at {Describe(api)} responded with {(int)response.StatusCode} {response.ReasonPhrase}.");
            }

            Console.WriteLine(await response.Content.ReadAsStringAsync());
            return Succeeded;
        }
        catch (OptionsValidationException exception)
        {
            return FailWithoutToken(string.Join(Environment.NewLine, exception.Failures));
        }
        catch (TokenRequestException exception) when (exception.Error == "invalid_client")
        {
            return FailWithoutToken($"{exception.Message} The client's credential is the value of {ScriptSettings.ClientSecret}.");
        }
        catch (TokenRequestException exception)
        {
            return FailWithoutToken(exception.Message);
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return Fail(ApiFailed, $"The API at {Describe(api)} could not be reached: {exception.Message}");
        }
    }

    // A query may contain a key.
    private static string Describe(Uri api) => api.GetLeftPart(UriPartial.Path);

    private static int FailWithoutToken(string message) =>
        Fail(NoToken, $"There is no token, and the API was not called. {ScriptSettings.NameVariables(message)}");

    private static int Fail(int exitCode, string message)
    {
        Console.Error.WriteLine(message);
        return exitCode;
    }
}
