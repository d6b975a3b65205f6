using System.Security.Cryptography;
using OAuthClientCredentials.Tests.Shared;

/// <summary>A token endpoint and an API. The token endpoint accepts the secret "right" and valid assertions.</summary>
internal sealed class TestServer : IDisposable
{
    private readonly LoopbackServer _server;
    private int _tokenRequests;

    public TestServer() => _server = new(request => request.IsTokenRequest ? IssueToken(request) : Call(request));

    public Uri Address => _server.Address;

    public int TokenRequests => Volatile.Read(ref _tokenRequests);

    /// <summary>The API rejects tokens up to this number.</summary>
    public int RevokedUpTo { get; set; }

    public AssertionValidator? Assertions { get; set; }

    public void Dispose() => _server.Dispose();

    private string? IssueToken(LoopbackRequest request)
    {
        int number = Interlocked.Increment(ref _tokenRequests);
        bool isValid = request.Authorization == $"Basic {Convert.ToBase64String("shop:right"u8)}";
        if (request.Body.Contains("client_assertion=", StringComparison.Ordinal))
        {
            isValid = Assertions!.IsValid(request.Body);
        }

        return isValid ? $$"""{"access_token":"token-{{number}}","token_type":"Bearer","expires_in":3600}""" : null;
    }

    private string? Call(LoopbackRequest request)
    {
        bool isToken = int.TryParse(request.Authorization.Replace("Bearer token-", "", StringComparison.Ordinal), out int number);
        return isToken && number > RevokedUpTo ? "{}" : null;
    }
}
