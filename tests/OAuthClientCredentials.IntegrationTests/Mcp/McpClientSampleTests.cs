using System.Text.Json;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>The sample McpClient, run as a process.</summary>
public sealed class McpClientSampleTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-370")]
    public async Task The_sample_revokes_its_token_and_its_session_goes_on()
    {
        await using SampleProcess sample = SampleProcess.Start("McpClient", new Dictionary<string, string>(), "--json");
        Assert.True(await sample.WaitForExitAsync() == 0, sample.Output);
        using JsonDocument totals = JsonDocument.Parse(sample.Output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(
            """{"toolCalls":2,"failedCalls":0,"tokenRequests":2,"renewalsAfter401":1,"sameSession":true}""",
            totals.RootElement.GetRawText());
    }

    [Theory]
    [Trait("Req", "R-370")]
    [InlineData("progress", 0, "progress(): done")]
    [InlineData("ask", 1, "ask(): ")]
    [InlineData("missing", 1, "missing failed: ")]
    public async Task The_sample_calls_a_tool_of_another_server(string tool, int exitCode, string line)
    {
        await using McpServerHost host = await McpServerHost.StartAsync();
        host.ProgressSeen.SetResult();
        await using SampleProcess sample = SampleProcess.Start("McpClient", new Dictionary<string, string>
        {
            ["MCP_SERVER"] = host.Address.ToString(),
            ["MCP_TOOL"] = tool,
            ["OAUTH_AUTHORITY"] = host.Authorization.Listen().ToString(),
            ["OAUTH_CLIENT_ID"] = "worker",
            ["OAUTH_CLIENT_SECRET"] = Canary.Marker,
            ["OAUTH_SCOPE"] = "mcp:tools orders.read",
        });
        Assert.True(await sample.WaitForExitAsync() == exitCode, sample.Output);
        Assert.Contains(line, sample.Output, StringComparison.Ordinal);
        host.Authorization.Verify(host.Authorization.Requests.Count, request => request.Scopes is ["mcp:tools", "orders.read"]);
    }
}
