using Observability;
using Observability.Demo;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

// For the demo only: an authorization server and an API on a free loopback port, and a client certificate.
Switches switches = new();
using BillingCertificate certificate = new();
await using DemoServer server = await DemoServer.StartAsync(switches);

WebApplicationBuilder builder = WebApplication.CreateBuilder(
    new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
{
    builder.WebHost.UseUrls("http://127.0.0.1:5080");
}

// The clients, and the HttpClients that send their access tokens.
builder.Services.AddClientCredentials("orders", o =>
{
    o.TokenEndpoint = server.TokenEndpoint;
    o.ClientId = DemoServer.OrdersClientId;
    o.ClientSecret = server.OrdersSecret;
    o.Scopes = ["orders.read"];
});
builder.Services.AddClientCredentials("billing", o =>
{
    o.TokenEndpoint = server.TokenEndpoint;
    o.ClientId = DemoServer.BillingClientId;
    o.CertificateFile = certificate.File;
    o.Scopes = ["invoices.read"];
});
builder.Services.AddHttpClient<OrdersClient>("orders", client => client.BaseAddress = server.Address)
    .AddClientCredentialsHandler("orders");
builder.Services.AddHttpClient("billing", client => client.BaseAddress = server.Address)
    .AddClientCredentialsHandler("billing");

// Metrics at /metrics, traces, and both to an OTLP collector if OTEL_EXPORTER_OTLP_ENDPOINT names one.
OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
    .ConfigureResource(resource => resource.AddService("shop"))
    .WithMetrics(metrics => metrics
        .AddMeter("OAuthClientCredentials")
        .AddAspNetCoreInstrumentation()
        .AddHttpClientInstrumentation()
        .AddPrometheusExporter())
    .WithTracing(traces => traces
        .AddSource("OAuthClientCredentials")
        .AddAspNetCoreInstrumentation()
        .AddHttpClientInstrumentation());
if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
{
    telemetry.UseOtlpExporter();
}

// One health check for each client. AddClientCredentials() without names is one check of all clients.
builder.Services.AddHealthChecks()
    .AddClientCredentials("orders", ["orders"])
    .AddClientCredentials("billing", ["billing"]);

// A request that fails because there is no access token gets a response with status 503.
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddProblemDetails();
builder.Services.AddExceptionHandler<TokenRequestExceptionHandler>();

builder.Services.AddDemo(switches, certificate, server);

WebApplication app = builder.Build();
app.UseExceptionHandler();
app.MapGet("/orders", (OrdersClient orders, CancellationToken cancellationToken) => orders.GetAllAsync(cancellationToken));
app.MapPrometheusScrapingEndpoint();
app.MapHealthChecks("/health");
app.MapDemo();

await app.StartAsync();
Console.WriteLine($"Open {app.Urls.First()} in a browser. Metrics are at /metrics, and the health checks at /health.");
await app.WaitForShutdownAsync();
