using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Extensions;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;
using Observability;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>The samples that people copy, run as they are: as processes, against an authorization server and an API on sockets.</summary>
public sealed partial class SamplesTests : CanaryTests
{
    private const string Orders = """[{"id":42,"product":"Tea"}]""";

    private readonly TestAuthorizationServer _server = new();
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly WebApplication _gateway;
    private readonly HttpMessageInvoker _invoker;
    private readonly TestApi _api;
    private int _failuresLeft;

    public SamplesTests()
    {
        _server.AddClient("shop", Canary.Marker).WithScopes("orders.read");
        _api = _server.CreateApi(_ => Respond());
        _invoker = new(_api);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _gateway = builder.Build();
        _gateway.Run(ForwardAsync);
    }

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await _gateway.StartAsync();
    }

    public override async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _invoker.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task WebApi_calls_the_API_with_a_token_and_stops_cleanly()
    {
        Dictionary<string, string> settings = Settings();
        settings["ClientCredentials__orders__ClientSecret"] = Canary.Marker;
        settings["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        await using SampleProcess sample = SampleProcess.Start("WebApi", settings);
        await sample.WaitUntilAsync(() => ListeningOn().IsMatch(sample.Output));
        using HttpClient browser = new() { BaseAddress = new(ListeningOn().Match(sample.Output).Groups[1].Value) };
        Assert.Equal(Orders, await browser.GetStringAsync("/orders"));
        Assert.Equal(Orders, await browser.GetStringAsync("/orders"));
        Assert.Equal((2, 0), (_api.Calls, _api.Unauthorized));
        _server.Verify(1, request => request.Scopes.Contains("orders.read"));
        Assert.Equal(0, await sample.StopAsync());
    }

    [Fact]
    public async Task Worker_keeps_calling_the_API_with_one_token_and_stops_cleanly()
    {
        string secretFile = Path.Combine(_folder, "secret");
        await File.WriteAllTextAsync(secretFile, Canary.Marker);
        Dictionary<string, string> settings = Settings();
        settings["ClientCredentials__orders__ClientSecretFile"] = secretFile;
        settings["Orders__PollInterval"] = "00:00:00.1";
        _failuresLeft = 1;
        await using SampleProcess sample = SampleProcess.Start("Worker", settings);
        await sample.WaitUntilAsync(() => sample.Output.Contains(Orders, StringComparison.Ordinal));
        Assert.Contains("The orders could not be read.", sample.Output, StringComparison.Ordinal);
        Assert.InRange(_api.Calls, 2, int.MaxValue);
        Assert.Equal(0, _api.Unauthorized);
        _server.Verify(1, request => request.Scopes.Contains("orders.read"));
        Assert.Equal(0, await sample.StopAsync());
    }

    [Fact]
    public async Task Observability_serves_page_state_metrics_and_health_and_stops_cleanly()
    {
        await using SampleProcess sample = SampleProcess.Start("Observability", new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["TMPDIR"] = _folder,
        });
        await sample.WaitUntilAsync(() => PageAt().IsMatch(sample.Output));
        using HttpClient browser = new() { BaseAddress = new(PageAt().Match(sample.Output).Groups[1].Value) };
        await sample.WaitUntilAsync(() => sample.Output.Contains("'billing' has a new token", StringComparison.Ordinal));
        await sample.WaitUntilAsync(() => sample.Output.Contains("'orders' has a new token", StringComparison.Ordinal));
        Assert.Contains("data-switch=\"outage\"", await browser.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Contains("Tea", await browser.GetStringAsync("/orders"), StringComparison.Ordinal);
        Assert.Equal("Degraded", await browser.GetStringAsync("/health"));
        string metrics = await browser.GetStringAsync("/metrics");
        Assert.Matches("oauth_client_token_remaining_lifetime_seconds\\{[^}]*oauth_client_name=\"orders\"", metrics);
        Assert.Matches("oauth_client_credential_remaining_lifetime_seconds\\{[^}]*oauth_client_name=\"billing\"", metrics);
        using HttpResponseMessage pressed = await browser.PostAsync("/switches/outage?on=true", content: null);
        Assert.Equal(HttpStatusCode.OK, pressed.StatusCode);
        using JsonDocument state = JsonDocument.Parse(await browser.GetStringAsync("/state"));
        Assert.True(state.RootElement.GetProperty("switches").GetProperty("outage").GetBoolean());
        JsonElement orders = state.RootElement.GetProperty("clients")[0];
        Assert.Equal("Fresh", orders.GetProperty("state").GetString());
        Assert.InRange(orders.GetProperty("calls").GetProperty("ok").GetInt32(), 1, int.MaxValue);
        Assert.Equal(1, orders.GetProperty("tokenRequests").GetProperty("ok").GetInt32());
        Assert.Equal(0, await sample.StopAsync());
        Assert.Empty(Directory.GetDirectories(_folder));
    }

    [Fact]
    public async Task Observability_maps_a_missing_token_to_503_and_other_errors_not()
    {
        TestTimeProvider time = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<TokenRequestExceptionHandler>();
        await using WebApplication app = builder.Build();
        app.UseExceptionHandler();
        DateTimeOffset next = time.GetUtcNow().AddSeconds(4.2);
        app.MapGet("/known", IResult () => throw new TokenRequestException("internal") { NextAttemptAt = next });
        app.MapGet("/unknown", IResult () => throw new TokenRequestException("internal"));
        app.MapGet("/other", IResult () => throw new InvalidOperationException("internal"));
        await app.StartAsync();
        using HttpClient browser = new() { BaseAddress = new(app.Urls.First()) };
        Assert.Equal((503, "5"), await GetAsync("/known"));
        Assert.Equal((503, ""), await GetAsync("/unknown"));
        Assert.Equal((500, ""), await GetAsync("/other"));

        async Task<(int Status, string RetryAfter)> GetAsync(string path)
        {
            using HttpResponseMessage response = await browser.GetAsync(path);
            Assert.DoesNotContain("internal", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            return ((int)response.StatusCode, response.Headers.RetryAfter?.ToString() ?? "");
        }
    }

    [Theory]
    [InlineData("WebApi")]
    [InlineData("Worker")]
    public async Task A_sample_without_a_secret_does_not_start_and_names_the_setting(string name)
    {
        await using SampleProcess sample = SampleProcess.Start(name, Settings());
        Assert.NotEqual(0, await sample.WaitForExitAsync());
        Assert.Contains("ClientCredentials:orders:ClientSecret is missing", sample.Output, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    private Dictionary<string, string> Settings() => new()
    {
        ["ClientCredentials__orders__Authority"] = _server.Listen().ToString(),
        ["Orders__BaseAddress"] = _gateway.Urls.First(),
    };

    private HttpResponseMessage Respond()
    {
        if (Interlocked.Decrement(ref _failuresLeft) >= 0)
        {
            return new(HttpStatusCode.ServiceUnavailable);
        }

        return new() { Content = new StringContent(Orders, mediaType: new("application/json")) };
    }

    private async Task ForwardAsync(HttpContext context)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, context.Request.GetEncodedUrl());
        request.Headers.TryAddWithoutValidation("Authorization", context.Request.Headers.Authorization.ToString());
        using HttpResponseMessage response = await _invoker.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    [GeneratedRegex(@"Now listening on: (\S+)")]
    private static partial Regex ListeningOn();

    [GeneratedRegex(@"Open (\S+) in a browser")]
    private static partial Regex PageAt();
}
