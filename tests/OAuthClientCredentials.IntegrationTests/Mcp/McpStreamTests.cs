using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>The streams of an MCP session: responses to POST, the stream that GET opens, and what the server sends on them.</summary>
public sealed class McpStreamTests : CanaryTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [Trait("Req", "R-370")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Progress_arrives_before_the_tool_ends(bool isRevoked)
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync();
        if (isRevoked)
        {
            host.Authorization.RevokeTokens();
        }

        // The tool waits for this callback, so a handler that reads the whole response first would wait for ever.
        Signal progress = new(host.ProgressSeen);
        CallToolResult result = await mcp.CallToolAsync("progress", progress: progress).AsTask().WaitAsync(Timeout);
        Assert.Equal("done", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
        Assert.Equal(isRevoked, host.Calls.Any(call => call.Status == 401));
    }

    [Fact]
    [Trait("Req", "R-370")]
    public async Task Notifications_arrive_on_the_open_stream_while_the_token_is_revoked()
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync();
        await host.WaitForAsync(call => call is { Method: "GET", Status: 200 });
        host.Authorization.RevokeTokens();
        await NotifyAsync(host, mcp);
        Assert.DoesNotContain(host.Calls, call => call.Status == 401);
        host.Authorization.Verify(1);
    }

    [Fact]
    [Trait("Req", "R-370")]
    public async Task A_stream_that_breaks_after_a_revocation_is_opened_again_with_a_new_token()
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync();
        McpCall first = await host.WaitForAsync(call => call is { Method: "GET", Status: 200 });
        host.Authorization.RevokeTokens();
        host.CutStreams();
        await host.WaitForAsync(call => call is { Method: "GET", Token: 1, Status: 401 });

        // The server starts the response to the second GET when it has something to send.
        await NotifyAsync(host, mcp);
        Assert.Contains(new("GET", first.Session, 2, 200), host.Calls);
        Assert.Single(host.Calls, call => call.Status == 401);
        host.Authorization.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-370")]
    public async Task A_reply_to_the_server_is_sent_again_with_a_new_token()
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync(new()
        {
            ProtocolVersion = McpServerHost.WithSessions,
            Handlers = new() { ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept" }) },
        });
        CallToolResult result = await mcp.CallToolAsync("ask").AsTask().WaitAsync(Timeout);
        Assert.Equal("accept", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
        Assert.Single(host.Calls, call => call is { Method: "POST", Token: 1, Status: 401 });
        host.Authorization.Verify(2);
    }

    private static async Task NotifyAsync(McpServerHost host, McpClient mcp)
    {
        TaskCompletionSource received = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using IAsyncDisposable registration = mcp.RegisterNotificationHandler("test/tick", (_, _) =>
        {
            received.TrySetResult();
            return ValueTask.CompletedTask;
        });
        await host.Session!.SendNotificationAsync("test/tick");
        await received.Task.WaitAsync(Timeout);
    }

    private sealed class Signal(TaskCompletionSource seen) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => seen.TrySetResult();
    }
}
