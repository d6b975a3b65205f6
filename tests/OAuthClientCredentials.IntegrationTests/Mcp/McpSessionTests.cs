using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>A worker that calls the tools of a protected MCP server as itself, with the HttpClient that README describes.</summary>
public sealed class McpSessionTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-370")]
    public async Task A_session_goes_on_after_its_token_was_revoked()
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using (McpClient mcp = await host.ConnectAsync())
        {
            Assert.Equal(["add", "ask", "progress"], (await mcp.ListToolsAsync()).Select(tool => tool.Name).Order(StringComparer.Ordinal));
            Assert.Equal("5", await AddAsync(mcp, 2, 3));
            await host.WaitForAsync(call => call is { Method: "GET", Status: 200 });
            host.Authorization.RevokeTokens();
            Assert.Equal("42", await AddAsync(mcp, 20, 22));
            Assert.Single(host.Calls, call => call is { Method: "POST", Token: 1, Status: 401 });
        }

        string session = Assert.Single(host.Calls.Select(call => call.Session).Where(id => id.Length > 0).Distinct());
        Assert.Equal(new("DELETE", session, 2, 200), host.Calls.Last());
        host.Authorization.Verify(2);
        host.Authorization.Verify(2, request => request["resource"] == host.Address.ToString());
    }

    [Theory]
    [Trait("Req", "R-370")]
    [InlineData("2026-07-28", HttpTransportMode.AutoDetect)]
    [InlineData("2026-07-28", HttpTransportMode.StreamableHttp)]
    [InlineData("2025-03-26", HttpTransportMode.StreamableHttp)]
    [InlineData("2024-11-05", HttpTransportMode.Sse)]
    public async Task Other_protocol_versions_and_transports_renew_a_revoked_token(string version, HttpTransportMode mode)
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync(new() { ProtocolVersion = version }, mode);
        Assert.Equal("5", await AddAsync(mcp, 2, 3));
        host.Authorization.RevokeTokens();
        Assert.Equal("42", await AddAsync(mcp, 20, 22));
        Assert.Equal(version, mcp.NegotiatedProtocolVersion);
        Assert.Single(host.Calls, call => call.Status == 401);
        host.Authorization.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-370")]
    public async Task A_session_lives_over_several_token_lifetimes()
    {
        TestTimeProvider time = new();
        await using McpServerHost host = await McpServerHost.StartAsync(new(time) { Lifetime = TimeSpan.FromMinutes(10) });
        await using McpClient mcp = await host.ConnectAsync();
        for (int step = 0; step < 12; step++)
        {
            time.Advance(TimeSpan.FromMinutes(5));
            Assert.Equal("5", await AddAsync(mcp, 2, 3));
        }

        Assert.Single(host.Calls.Select(call => call.Session).Where(id => id.Length > 0).Distinct());
        Assert.DoesNotContain(host.Calls, call => call.Status == 401);
        host.Authorization.Verify(7);
    }

    [Theory]
    [Trait("Req", "R-370")]
    [InlineData(McpServerHost.WithSessions)]
    [InlineData("2026-07-28")]
    public async Task A_thousand_parallel_calls_renew_a_revoked_token_once(string version)
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        await using McpClient mcp = await host.ConnectAsync(new() { ProtocolVersion = version });
        host.RevokeAtAddition = 300;
        string[] results = await Task.WhenAll(Enumerable.Range(0, 1000).Select(number => AddAsync(mcp, number, 1)));
        Assert.Equal(Enumerable.Range(1, 1000).Select(number => $"{number}"), results);
        Assert.Contains(host.Calls, call => call.Status == 401);
        Assert.DoesNotContain(host.Calls, call => call is { Token: 2, Status: 401 });
        host.Authorization.Verify(2);
    }

    private static async Task<string> AddAsync(McpClient mcp, int a, int b)
    {
        CallToolResult result = await mcp.CallToolAsync("add", new Dictionary<string, object?> { ["a"] = a, ["b"] = b });
        Assert.NotEqual(true, result.IsError);
        return Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
    }
}
