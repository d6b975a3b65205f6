using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>The DevTools protocol of one page: commands with responses, and the exceptions of its scripts.</summary>
internal sealed class DevTools : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _pending = new();
    private readonly ConcurrentQueue<string> _exceptions = new();
    private readonly CancellationTokenSource _end = new();
    private Task _loop = Task.CompletedTask;
    private int _lastId;

    /// <summary>The exceptions that no script has caught, since the page was opened.</summary>
    public IEnumerable<string> Exceptions => _exceptions;

    public async Task ConnectAsync(Uri page)
    {
        await _socket.ConnectAsync(page, CancellationToken.None);
        _loop = Task.Run(ReceiveAsync);
        await SendAsync("Runtime.enable");
        await SendAsync("Page.enable");
    }

    /// <summary>Sends a command and returns its result. One command at a time.</summary>
    /// <exception cref="OutageRunException">The browser responded with an error.</exception>
    public async Task<JsonNode> SendAsync(string method, JsonObject? parameters = null)
    {
        int id = ++_lastId;
        JsonObject command = new() { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        TaskCompletionSource<JsonNode> response = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[id] = response;
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(command.ToJsonString());
        await _socket.SendAsync(bytes, WebSocketMessageType.Text, endOfMessage: true, _end.Token);
        JsonNode message = await response.Task.WaitAsync(Limit);
        return message["result"] ?? throw new OutageRunException($"The browser responded to {method} with {message.ToJsonString()}");
    }

    /// <summary>The value of an expression, which must be a string.</summary>
    public async Task<string> EvaluateAsync(string expression)
    {
        JsonNode result = await SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true });
        return result["result"]?["value"]?.ToString()
            ?? throw new OutageRunException($"The page could not evaluate {expression}: {result.ToJsonString()}");
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _loop;
        _socket.Dispose();
        _end.Dispose();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                Accept(JsonNode.Parse(await ReadMessageAsync())!);
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or WebSocketException)
        {
            // The run or the browser ends. A command that still waits fails with its timeout.
        }
    }

    private async Task<byte[]> ReadMessageAsync()
    {
        using MemoryStream message = new();
        byte[] buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(buffer.AsMemory(), _end.Token);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new WebSocketException("The browser closed the connection.");
            }

            message.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);

        return message.ToArray();
    }

    private void Accept(JsonNode message)
    {
        if (message["id"] is JsonNode id)
        {
            if (_pending.TryRemove(id.GetValue<int>(), out TaskCompletionSource<JsonNode>? response))
            {
                response.SetResult(message);
            }
        }
        else if (message["method"]?.ToString() == "Runtime.exceptionThrown")
        {
            JsonNode details = message["params"]!["exceptionDetails"]!;
            _exceptions.Enqueue($"{details["text"]} {details["exception"]?["description"]}");
        }
    }
}
