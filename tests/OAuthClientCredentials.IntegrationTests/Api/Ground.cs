using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>One Kestrel for a whole table of cells: each cell is a <see cref="Scene"/> with a segment of the path to itself.</summary>
public sealed class Ground : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, Scene> _scenes = new(StringComparer.Ordinal);
    private readonly WebApplication _app;
    private int _count;

    public Ground()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddLogging(logging => logging.ClearProviders());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            foreach (Place place in Enum.GetValues<Place>())
            {
                kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = place == Place.ApiHttp2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
            }
        });
        _app = builder.Build();
        _app.Run(context => _scenes[context.Request.Path.Value!.Split('/').First(_scenes.ContainsKey)].AnswerAsync(context, Enum.GetValues<Place>().First(place => Port(place) == context.Connection.LocalPort)));
    }

    public Task InitializeAsync() => _app.StartAsync();

    public Task DisposeAsync() => _app.DisposeAsync().AsTask();

    internal int Port(Place place) => new Uri(_app.Urls.ElementAt((int)place)).Port;

    /// <summary>A cell of the table. <paramref name="api"/> and <paramref name="other"/> say how the two origins answer.</summary>
    internal Scene Open(Answer api, Answer? other = null)
    {
        string id = $"{Interlocked.Increment(ref _count)}";
        return _scenes[id] = new(this, id, api, other ?? Answers.Of("200"));
    }
}
