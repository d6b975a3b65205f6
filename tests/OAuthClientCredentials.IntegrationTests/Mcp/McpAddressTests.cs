using ModelContextProtocol.Client;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>Nothing that an MCP server sends decides where a token or a credential is sent.</summary>
public sealed class McpAddressTests : CanaryTests
{
    [Fact]
    [Trait("Req", "R-133")]
    [Trait("Req", "R-370")]
    public async Task Resource_metadata_in_a_challenge_is_not_requested()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("{}"));
        await using McpServerHost host = await McpServerHost.StartAsync(
            configure: mcp => mcp.ResourceMetadataUri = new Uri(other.Address, "/.well-known/oauth-protected-resource"));
        await using McpClient mcp = await host.ConnectAsync();
        host.Authorization.RevokeTokens();
        await mcp.PingAsync();
        Assert.Single(host.Calls, call => call.Status == 401);
        Assert.DoesNotContain(host.Calls, call => call.Token == 0);
        Assert.Empty(other.Requests);
        host.Authorization.Verify(2);
    }

    [Fact]
    [Trait("Req", "R-110")]
    [Trait("Req", "R-370")]
    public async Task A_message_endpoint_on_another_origin_gets_no_token()
    {
        await using LoopbackServer other = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("{}"));
        await using McpServerHost host = await McpServerHost.StartAsync();
        host.MessageEndpoint = new Uri(other.Address, "/message");
        Exception refused = await Assert.ThrowsAnyAsync<Exception>(() => host.ConnectAsync(mode: HttpTransportMode.Sse));
        Assert.IsType<OriginNotAllowedException>(refused.GetBaseException());
        Assert.Empty(other.Requests);
    }
}
