namespace Observability;

internal sealed class OrdersClient(HttpClient client)
{
    public Task<Order[]?> GetAllAsync(CancellationToken cancellationToken) =>
        client.GetFromJsonAsync<Order[]>("/orders", cancellationToken);
}

internal sealed record Order(int Id, string Product);
