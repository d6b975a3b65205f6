using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Testing;

namespace OAuthClientCredentials.IntegrationTests.Mcp;

/// <summary>Accepts the valid tokens of a test authorization server.</summary>
internal sealed class McpTokenCheck(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    TestApi tokens) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        using HttpMessageInvoker invoker = new(tokens, disposeHandler: false);
        using HttpRequestMessage request = new(HttpMethod.Get, "http://localhost/");
        request.Headers.TryAddWithoutValidation("Authorization", Request.Headers.Authorization.ToString());
        using HttpResponseMessage response = await invoker.SendAsync(request, Context.RequestAborted);
        if (!response.IsSuccessStatusCode)
        {
            return AuthenticateResult.Fail("The token is not valid.");
        }

        // The MCP server binds the session to this user.
        ClaimsIdentity user = new([new(ClaimTypes.NameIdentifier, "worker")], Scheme.Name);
        return AuthenticateResult.Success(new(new(user), Scheme.Name));
    }
}
