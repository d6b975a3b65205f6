using OpenTelemetry.Trace;

namespace Observability.Demo;

internal static class DemoExtensions
{
    public static void AddDemo(
        this IServiceCollection services,
        Switches switches,
        BillingCertificate certificate,
        DemoServer server)
    {
        services.AddSingleton(switches);
        services.AddSingleton(certificate);
        services.AddSingleton(server);
        services.AddSingleton<LogLines>();
        services.AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<LogLines>());
        services.AddSingleton<Load>();
        services.AddHostedService(provider => provider.GetRequiredService<Load>());
        services.ConfigureOpenTelemetryTracerProvider(traces => traces.AddSource(Load.ActivitySourceName));
        services.AddSingleton<DemoState>();
    }

    public static void MapDemo(this WebApplication app)
    {
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.MapGet("/state", (DemoState state, CancellationToken cancellationToken) => state.ReadAsync(cancellationToken));
        app.MapPost("/switches/outage", (bool on, Switches switches) => switches.Outage = on);
        app.MapPost("/switches/wrong-secret", (bool on, Switches switches) => switches.WrongSecret = on);
        app.MapPost("/switches/reject-tokens", (bool on, Switches switches) => switches.RejectTokens = on);
        app.MapPost("/switches/revoke", (DemoServer server) => server.RevokeTokens());
        app.MapPost("/switches/renew-certificate", (BillingCertificate certificate) => certificate.Renew());
    }
}
