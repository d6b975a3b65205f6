using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Http.Extensions;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The Quickstart as the script that the library began as: run as a process, judged by exit code, output and what reached the API.</summary>
public sealed class ScriptModeTests : CanaryTests
{
    private const string Secret = Canary.Marker;

    [Fact]
    public async Task With_all_settings_it_gets_a_token_calls_the_resource_and_prints_what_came()
    {
        await using World world = await World.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        (int code, string output) = await RunAsync(Settings(world, api.Address));
        Assert.True(code == 0, output);
        Assert.Contains("""{"orders":42}""", output, StringComparison.Ordinal);
        HttpRequestSeen request = Assert.Single(api.Requests);
        Assert.Equal(("GET", "/data/resource", "application/json"), (request.Method, request.Path, request.Accept));
        Assert.StartsWith("Bearer ey", request.Authorization, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_the_authority_scope_and_method_it_does_the_same()
    {
        await using World world = await World.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        Dictionary<string, string> settings = Settings(world, api.Address);
        settings.Remove("OAUTH_TOKEN_URL");
        settings["OAUTH_AUTHORITY"] = world.TokenEndpoint.Replace("connect/token", "", StringComparison.Ordinal);
        settings["OAUTH_SCOPE"] = "orders.read";
        settings["OAUTH_AUTH_METHOD"] = "client_secret_post";
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("OAUTH_CLIENT_ID")]
    [InlineData("OAUTH_CLIENT_SECRET")]
    [InlineData("OAUTH_TOKEN_URL")]
    [InlineData("API_BASE_URL")]
    public async Task With_some_settings_missing_it_says_which_and_exits_with_2(string missing)
    {
        Dictionary<string, string> settings = new()
        {
            ["OAUTH_CLIENT_ID"] = "shop",
            ["OAUTH_CLIENT_SECRET"] = Secret,
            ["OAUTH_TOKEN_URL"] = "https://id.example.com/token",
            ["API_BASE_URL"] = "https://api.example.com",
        };
        settings.Remove(missing);
        (int code, string output) = await RunAsync(settings);
        Assert.Equal(2, code);
        Assert.StartsWith($"Not set: {missing}", output, StringComparison.Ordinal);
        Assert.DoesNotContain(settings.Keys, set => output.Split('.')[0].Contains(set, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("OAUTH_CLIENT_SECRET", Canary.Marker + "wrong", "invalid_client")]
    [InlineData("OAUTH_SCOPE", "orders.burn", "invalid_scope")]
    [InlineData("OAUTH_AUTH_METHOD", "client_secret_pots", "ClientCredentials:script:AuthenticationMethod is not one of")]
    [InlineData("OAUTH_TOKEN_URL", "http://id.example.com/token", "ClientCredentials:script:TokenEndpoint must be https")]
    public async Task Without_a_token_it_says_why_and_exits_with_3_and_the_API_is_not_called(string setting, string value, string said)
    {
        await using World world = await World.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        Dictionary<string, string> settings = Settings(world, api.Address);
        settings[setting] = value;
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 3, output);
        Assert.Contains(said, output, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(403)]
    public async Task When_the_API_fails_it_says_status_and_reason_and_exits_with_4(int status)
    {
        await using World world = await World.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(status);
        (int code, string output) = await RunAsync(Settings(world, api.Address));
        Assert.True(code == 4, output);
        Assert.Contains($"/data/resource answered {status} ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_nobody_is_there_it_exits_with_4()
    {
        await using World world = await World.StartAsync(Secret);
        Resource api = await Resource.StartAsync(200);
        await api.DisposeAsync();
        (int code, string output) = await RunAsync(Settings(world, api.Address));
        Assert.True(code == 4, output);
        Assert.Contains("could not be reached", output, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings(World world, Uri api) => new()
    {
        ["OAUTH_CLIENT_ID"] = "shop",
        ["OAUTH_CLIENT_SECRET"] = Secret,
        ["OAUTH_TOKEN_URL"] = world.TokenEndpoint,
        ["API_BASE_URL"] = api.ToString(),
    };

    /// <summary>Runs the sample that was built beside these tests. Whatever it says, it never says a secret.</summary>
    private static async Task<(int Code, string Output)> RunAsync(Dictionary<string, string> settings)
    {
        DirectoryInfo configuration = new(AppContext.BaseDirectory);
        string sample = Path.Combine(configuration.Parent!.Parent!.FullName, "Quickstart", configuration.Name, "Quickstart.dll");
        ProcessStartInfo start = new("dotnet", [sample]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in settings)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        string said = error + await output;
        Assert.DoesNotContain("canary", said, StringComparison.OrdinalIgnoreCase);
        return (process.ExitCode, said);
    }

    private sealed record HttpRequestSeen(string Method, string Path, string Accept, string Authorization);

    private sealed class Resource(WebApplication app) : IAsyncDisposable
    {
        public Uri Address { get; } = new(app.Urls.First() + "/data");

        public ConcurrentQueue<HttpRequestSeen> Requests { get; } = new();

        public static async Task<Resource> StartAsync(int status)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            Resource? resource = null;
            app.Run(context =>
            {
                resource!.Requests.Enqueue(new(context.Request.Method, context.Request.GetEncodedPathAndQuery(), context.Request.Headers.Accept.ToString(), context.Request.Headers.Authorization.ToString()));
                context.Response.StatusCode = status;
                return context.Response.WriteAsync("""{"orders":42}""");
            });
            await app.StartAsync();
            return resource = new(app);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
