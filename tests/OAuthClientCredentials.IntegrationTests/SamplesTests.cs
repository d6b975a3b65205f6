using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Extensions;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

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
}
