using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OAuthClientCredentials.Tests.House;

/// <summary>A block that builds and runs a host. It is stopped when this object is disposed.</summary>
internal sealed class HostSnippet : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IAsyncDisposable
{
    // The host that this block builds, and not one of another test.
    private static readonly AsyncLocal<HostSnippet?> Current = new();

    private readonly TaskCompletionSource<IHost> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IDisposable _subscription;
    private Task _run = Task.CompletedTask;

    private HostSnippet() => _subscription = DiagnosticListener.AllListeners.Subscribe(this);

    public IServiceProvider Services => _started.Task.Result.Services;

    public static async Task<HostSnippet> StartAsync(Snippet snippet, params string[] args)
    {
        HostSnippet host = new();
        Current.Value = host;
        host._run = snippet.RunAsync(args: [.. args, "--Logging:LogLevel:Default=None"]);
        await Task.WhenAny(host._started.Task, host._run).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(host._started.Task.IsCompleted, $"{host._run.Exception}");
        return host;
    }

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting")
        {
            value.Subscribe(this);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: "HostBuilt", Value: IHost host } && Current.Value == this)
        {
            host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(() => _started.TrySetResult(host));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await _run;
    }
}
