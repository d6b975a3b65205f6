var builder = Host.CreateApplicationBuilder(args);

// Reads the clients from the section "ClientCredentials" of appsettings.json.
builder.Services.AddClientCredentials();

// Every request of the HttpClient "orders" gets an access token of the client "orders".
builder.Services.AddHttpClient("orders", client => client.BaseAddress = builder.Configuration.GetValue<Uri>("Orders:BaseAddress"))
    .AddClientCredentialsHandler("orders");
builder.Services.AddHostedService<OrdersWorker>();
builder.Build().Run();

internal sealed class OrdersWorker(IHttpClientFactory clients, IConfiguration configuration, ILogger<OrdersWorker> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(configuration.GetValue<TimeSpan>("Orders:PollInterval"));
        do
        {
            try
            {
                var orders = await clients.CreateClient("orders").GetStringAsync("/orders", stoppingToken);
                logger.LogInformation("Orders: {Orders}", orders);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // An exception that leaves this method stops the host.
                logger.LogError(exception, "The orders could not be read. The worker tries again at the next interval.");
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
