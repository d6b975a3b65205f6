using System.Text;
using Microsoft.Extensions.Compliance.Classification;
using Microsoft.Extensions.Compliance.Redaction;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Http.Logging;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>Loggers that write headers and bodies of requests do not see a token request.</summary>
public sealed class RequestLogTests
{
    private const string Canary = "canary-7Qx";
    private const string Control = "control-7Qx";

    [Theory]
    [Trait("Req", "R-359")]
    [InlineData("extended, of all HttpClients")]
    [InlineData("extended, in the defaults")]
    [InlineData("extended, wrapping the pipeline")]
    [InlineData("extended, of the token HttpClient")]
    [InlineData("default")]
    [InlineData("own logger")]
    [InlineData("own logger, of the token HttpClient")]
    [InlineData("derived from a handler of the factory")]
    public async Task No_log_has_a_secret_assertion_or_token_with_the_logger(string logger)
    {
        using LogParts log = new();
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: Canary + "-token"));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        services.AddSingleton<IRedactorProvider, NoRedaction>();
        Add(services, logger);
        TestProvider.AddClient(services, "", options => options.ClientSecret = Canary);
        TestProvider.AddClient(services, "post", options =>
            (options.ClientSecret, options.AuthenticationMethod) = (Canary, "client_secret_post"));
        TestProvider.AddClient(services, "assertion", options =>
        {
            options.ClientSecret = null;
            options.UseClientAssertion(_ => new(Canary + "-assertion"));
        });
        IHttpClientBuilder other = services.AddHttpClient("other")
            .ConfigurePrimaryHttpMessageHandler(() => new StubHandler(_ => new HttpResponseMessage()));
        AddTo(other, logger);
        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        using StringContent control = new("value=" + Control, Encoding.UTF8, "application/x-www-form-urlencoded");
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("other");
        (await client.PostAsync("https://api.example.com/control", control)).Dispose();
        foreach (string name in new[] { "", "post", "assertion" })
        {
            await provider.GetRequiredService<ITokenProvider>().GetTokenAsync(name);
        }

        // The same logger writes the body of another request, so it would have written the token request too.
        Assert.Contains(log.Parts, part => part.Contains(logger == "default" ? "/control" : Control, StringComparison.Ordinal));
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"shop:{Canary}"));
        Assert.All(log.Parts, part => Assert.DoesNotContain(Canary, part, StringComparison.Ordinal));
        Assert.All(log.Parts, part => Assert.DoesNotContain(basic, part, StringComparison.Ordinal));
        server.Verify(3);
    }

    [Fact]
    [Trait("Req", "R-359")]
    public async Task Your_own_handler_of_the_token_HttpClient_sees_the_request()
    {
        List<string> seen = [];
        await using TestProvider provider = TestProvider.WithServices(services =>
        {
            TestProvider.AddClient(services, "");
            services.AddHttpClient(TokenClient.HttpClientName).AddHttpMessageHandler(() => new SeeingHandler(seen));
        });
        await provider.GetAsync();
        Assert.Equal(["grant_type=client_credentials"], seen);
    }

    private static void Add(IServiceCollection services, string logger)
    {
        switch (logger)
        {
            case "extended, of all HttpClients":
                services.AddExtendedHttpClientLogging(LogBodies);
                break;
            case "extended, in the defaults":
                services.ConfigureHttpClientDefaults(http => http.AddExtendedHttpClientLogging(LogBodies));
                break;
            case "extended, wrapping the pipeline":
#pragma warning disable EXTEXP0003 // Experimental in the package, and applications may use it.
                services.ConfigureHttpClientDefaults(http => http.AddExtendedHttpClientLogging(LogBodies, wrapHandlersPipeline: true));
#pragma warning restore EXTEXP0003
                break;
            case "own logger":
                services.ConfigureHttpClientDefaults(http => http.AddLogger(CreateOwn));
                break;
            default:
                AddTo(services.AddHttpClient(TokenClient.HttpClientName), logger);
                break;
        }
    }

    private static void AddTo(IHttpClientBuilder http, string logger)
    {
        switch (logger)
        {
            case "extended, of the token HttpClient":
                http.AddExtendedHttpClientLogging(LogBodies);
                break;
            case "own logger, of the token HttpClient":
                http.AddLogger(CreateOwn, wrapHandlersPipeline: true);
                break;
            case "default":
                http.AddDefaultLogger();
                break;
            case "derived from a handler of the factory":
                http.Services.Configure<HttpClientFactoryOptions>(http.Name, options => options.HttpMessageHandlerBuilderActions.Add(
                    handlers => handlers.AdditionalHandlers.Add(new DerivedHandler(CreateOwn(handlers.Services)))));
                break;
        }
    }

    private static void LogBodies(LoggingOptions options)
    {
        options.LogBody = true;
        options.RequestBodyContentTypes.Add("application/x-www-form-urlencoded");
        options.ResponseBodyContentTypes.Add("application/json");
        options.RequestHeadersDataClasses.Add("Authorization", DataClassification.None);
    }

    private static OwnLogger CreateOwn(IServiceProvider services) =>
        new(services.GetRequiredService<ILoggerFactory>().CreateLogger<OwnLogger>());

    private sealed class NoRedaction : IRedactorProvider
    {
        public Redactor GetRedactor(DataClassificationSet classifications) => NullRedactor.Instance;
    }

    private sealed class OwnLogger(ILogger logger) : IHttpClientLogger
    {
        public object? LogRequestStart(HttpRequestMessage request)
        {
            string body = request.Content?.ReadAsStringAsync().GetAwaiter().GetResult() ?? "";
            logger.LogInformation("{Address} {Authorization} {Body}", request.RequestUri, request.Headers.Authorization, body);
            return null;
        }

        public void LogRequestStop(object? context, HttpRequestMessage request, HttpResponseMessage response, TimeSpan elapsed)
        {
        }

        public void LogRequestFailed(
            object? context,
            HttpRequestMessage request,
            HttpResponseMessage? response,
            Exception exception,
            TimeSpan elapsed)
        {
        }
    }

    private sealed class DerivedHandler(OwnLogger own) : LoggingHttpMessageHandler(NullLogger.Instance)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            own.LogRequestStart(request);
            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class SeeingHandler(List<string> seen) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            seen.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
