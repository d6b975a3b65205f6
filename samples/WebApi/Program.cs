var builder = WebApplication.CreateBuilder(args);

// Reads the clients from the section "ClientCredentials" of appsettings.json.
builder.Services.AddClientCredentials();

// Every request of OrdersClient gets an access token of the client "orders".
builder.Services.AddHttpClient<OrdersClient>(client => client.BaseAddress = builder.Configuration.GetValue<Uri>("Orders:BaseAddress"))
    .AddClientCredentialsHandler("orders");

var app = builder.Build();
app.MapGet("/orders", (OrdersClient orders, CancellationToken cancellationToken) => orders.GetAllAsync(cancellationToken));
app.Run();

internal sealed class OrdersClient(HttpClient client)
{
    public Task<Order[]?> GetAllAsync(CancellationToken cancellationToken) =>
        client.GetFromJsonAsync<Order[]>("/orders", cancellationToken);
}

internal sealed record Order(int Id, string Product);
