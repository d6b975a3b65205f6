using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http.Extensions;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The script mode of the Quickstart, run as a process. The tests check exit code, output and what the API received.</summary>
public sealed class ScriptModeTests : CanaryTests
{
    private const string Secret = Canary.Marker;

    [Fact]
    public async Task All_variables_get_a_token_call_the_API_and_print_the_response()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        (int code, string output) = await RunAsync(Settings(host, api.Address));
        Assert.True(code == 0, output);
        Assert.Contains("""{"orders":42}""", output, StringComparison.Ordinal);
        ReceivedRequest request = Assert.Single(api.Requests);
        Assert.Equal(("GET", "/data/resource", "application/json"), (request.Method, request.Path, request.Accept));
        Assert.StartsWith("Bearer ey", request.Authorization, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Authority_scope_and_method_are_optional_variables()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        Dictionary<string, string> settings = Settings(host, api.Address);
        settings.Remove("OAUTH_TOKEN_URL");
        settings["OAUTH_AUTHORITY"] = host.TokenEndpoint.Replace("connect/token", "", StringComparison.Ordinal);
        settings["OAUTH_SCOPE"] = "orders.read";
        settings["OAUTH_AUTH_METHOD"] = "client_secret_post";
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 0, output);
    }

    [Theory]
    [InlineData("/orders?page=2", "/data/orders?page=2")]
    [InlineData("orders", "/data/orders")]
    [InlineData("/", "/data/")]
    [InlineData("", "/data/resource")]
    [InlineData("https://other.example.com/", "/data/https://other.example.com/")]
    public async Task The_path_of_the_call_can_be_set_below_the_base_address(string path, string received)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        Dictionary<string, string> settings = Settings(host, api.Address);
        settings["API_PATH"] = path;
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 0, output);
        Assert.Equal(received, Assert.Single(api.Requests).Path);
    }

    [Fact]
    public async Task A_query_in_the_path_is_not_repeated_in_an_error()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(500);
        Dictionary<string, string> settings = Settings(host, api.Address);
        settings["API_PATH"] = "/orders?key=hidden";
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 4, output);
        Assert.DoesNotContain("hidden", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("ftp://api.example.com")]
    [InlineData("http://api.example.com")]
    public async Task A_base_address_without_https_is_an_error_and_the_exit_code_is_2(string address)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        Dictionary<string, string> settings = Settings(host, new("https://api.example.com"));
        settings["API_BASE_URL"] = address;
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 2, output);
        Assert.StartsWith("API_BASE_URL ", output, StringComparison.Ordinal);
        Assert.Equal(0, host.Server.TokenRequests);
    }

    [Theory]
    [InlineData("OAUTH_CLIENT_ID")]
    [InlineData("OAUTH_CLIENT_SECRET")]
    [InlineData("OAUTH_TOKEN_URL")]
    [InlineData("API_BASE_URL")]
    public async Task A_missing_variable_is_named_and_the_exit_code_is_2(string missing)
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
    [InlineData("OAUTH_CLIENT_ID", "unknown", "invalid_client", "Check OAUTH_CLIENT_ID")]
    [InlineData("OAUTH_CLIENT_ID", "line\nbreak", "OAUTH_CLIENT_ID contains a line break")]
    [InlineData("OAUTH_CLIENT_SECRET", Canary.Marker + "wrong", "invalid_client", "OAUTH_CLIENT_SECRET", "OAUTH_AUTH_METHOD")]
    [InlineData("OAUTH_CLIENT_SECRET", Canary.Marker + "\n", "OAUTH_CLIENT_SECRET contains a line break")]
    [InlineData("OAUTH_SCOPE", "orders.burn", "invalid_scope", "Check OAUTH_SCOPE")]
    [InlineData("OAUTH_AUTH_METHOD", "client_secret_pots", "OAUTH_AUTH_METHOD is not one of")]
    [InlineData("OAUTH_TOKEN_URL", "http://id.example.com/token", "OAUTH_TOKEN_URL must be https")]
    [InlineData("OAUTH_AUTHORITY", "https://id.example.com?tenant=1", "OAUTH_AUTHORITY must not have a query")]
    public async Task Without_a_token_the_error_names_the_variable_and_the_API_is_not_called(
        string variable,
        string value,
        params string[] expected)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(200);
        Dictionary<string, string> settings = Settings(host, api.Address);
        settings[variable] = value;
        (int code, string output) = await RunAsync(settings);
        Assert.True(code == 3, output);
        Assert.All(expected, text => Assert.Contains(text, output, StringComparison.Ordinal));
        Assert.DoesNotContain("ClientCredentials:", output, StringComparison.Ordinal);
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(403)]
    public async Task An_error_response_of_the_API_is_reported_and_the_exit_code_is_4(int status)
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        await using Resource api = await Resource.StartAsync(status);
        (int code, string output) = await RunAsync(Settings(host, api.Address));
        Assert.True(code == 4, output);
        Assert.Contains($"/data/resource responded with {status} ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_API_that_cannot_be_reached_exits_with_4()
    {
        await using QuickstartHost host = await QuickstartHost.StartAsync(Secret);
        Resource api = await Resource.StartAsync(200);
        await api.DisposeAsync();
        (int code, string output) = await RunAsync(Settings(host, api.Address));
        Assert.True(code == 4, output);
        Assert.Contains("could not be reached", output, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Settings(QuickstartHost host, Uri api) => new()
    {
        ["OAUTH_CLIENT_ID"] = "shop",
        ["OAUTH_CLIENT_SECRET"] = Secret,
        ["OAUTH_TOKEN_URL"] = host.TokenEndpoint,
        ["API_BASE_URL"] = api.ToString(),
    };

    private static async Task<(int Code, string Output)> RunAsync(Dictionary<string, string> settings)
    {
        await using SampleProcess sample = SampleProcess.Start("Quickstart", settings);
        return (await sample.WaitForExitAsync(), sample.Output);
    }

    private sealed record ReceivedRequest(string Method, string Path, string Accept, string Authorization);

    private sealed class Resource(WebApplication app) : IAsyncDisposable
    {
        public Uri Address { get; } = new(app.Urls.First() + "/data");

        public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

        public static async Task<Resource> StartAsync(int status)
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            WebApplication app = builder.Build();
            Resource? resource = null;
            app.Run(context =>
            {
                resource!.Requests.Enqueue(new(
                    context.Request.Method,
                    context.Request.GetEncodedPathAndQuery(),
                    context.Request.Headers.Accept.ToString(),
                    context.Request.Headers.Authorization.ToString()));
                context.Response.StatusCode = status;
                return context.Response.WriteAsync("""{"orders":42}""");
            });
            await app.StartAsync();
            return resource = new(app);
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
