using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>
/// server.mjs as a separate process: an authorization server and an API that accepts its tokens. Assertions must follow RFC 10070: the
/// audience is the issuer and not a list, and the type is client-authentication+jwt.
/// </summary>
internal sealed class OidcProviderServer : ITestServer, IAsyncDisposable
{
    private readonly Process _process;
    private readonly X509Certificate2 _certificate;
    private readonly JsonNode _addresses;
    private readonly HttpClient _admin = new();

    private OidcProviderServer(Process process, X509Certificate2 certificate, string addresses) =>
        (_process, _certificate, _addresses) = (process, certificate, JsonNode.Parse(addresses)!);

    public string Issuer => Address("issuer");

    public string TokenEndpoint => Address("tokenEndpoint");

    public string MtlsTokenEndpoint => Address("mtlsTokenEndpoint");

    public Uri Api => new(Address("api"));

    public Uri MtlsApi => new(Address("mtlsApi"));

    /// <summary>Starts the server with an authority for the certificates of tls_client_auth.</summary>
    public static async Task<OidcProviderServer> StartAsync(X509Certificate2? authority = null)
    {
        X509Certificate2 certificate = TestCertificates.Server();
        Process process = new()
        {
            StartInfo = new("node", ["server.mjs"])
            {
                WorkingDirectory = OidcProviderFolder.FullPath,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            },
        };
        StringBuilder errors = new();
        process.ErrorDataReceived += (_, line) => errors.AppendLine(line.Data);
        process.Start();
        process.BeginErrorReadLine();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        await using CancellationTokenRegistration stop = limit.Token.Register(process.Kill);
        await process.StandardInput.WriteLineAsync(Configuration(certificate, authority));
        await process.StandardInput.FlushAsync(CancellationToken.None);
        string? addresses = await process.StandardOutput.ReadLineAsync(CancellationToken.None);
        if (addresses is null)
        {
            await process.WaitForExitAsync(CancellationToken.None);
            throw new InvalidOperationException($"The server did not start: {errors}");
        }

        return new(process, certificate, addresses);
    }

    public SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null) =>
        TestCertificates.Trusting(_certificate, clientCertificate);

    /// <summary>Registers a client, or replaces its registration.</summary>
    public Task RegisterAsync(OidcClient client) => PostAsync("clients", client.Id, client.Metadata);

    /// <summary>Revokes all tokens of a client. The API rejects them from now on.</summary>
    public Task RevokeTokensAsync(string clientId) => PostAsync("revoke", clientId, []);

    /// <summary>Sets the rules for the nonces of one end: provider, api or mtlsApi. nonces.mjs explains them.</summary>
    public Task SetNoncesAsync(string end, JsonObject rules) => PostAsync("nonces", end, rules);

    /// <summary>Makes a new nonce at one end, which no longer accepts the previous ones.</summary>
    public Task RotateNonceAsync(string end) => PostAsync("rotate", end, []);

    /// <summary>The token requests of a client in order. requests.mjs names their members.</summary>
    public Task<IReadOnlyList<JsonNode>> RequestsAsync(string clientId) => ListAsync("requests", clientId);

    /// <summary>The API calls of a client in order: status, error, scheme, certificate, mtls.</summary>
    public Task<IReadOnlyList<JsonNode>> CallsAsync(string clientId) => ListAsync("calls", clientId);

    /// <summary>The public Ed25519 key of the key vault.</summary>
    public Task<string> PublicKeyAsync() => _admin.GetStringAsync(new Uri($"{Address("admin")}/vault"));

    /// <summary>Signs with the Ed25519 key of the key vault.</summary>
    public async Task<byte[]> SignAsync(string input)
    {
        JsonNode response = await PostAsync("sign", "", new() { ["input"] = input });
        return Base64Url.DecodeFromChars(response["signature"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(10));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
        }

        _process.Dispose();
        _admin.Dispose();
        _certificate.Dispose();
    }

    private static string Configuration(X509Certificate2 certificate, X509Certificate2? authority)
    {
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        return new JsonObject
        {
            ["tls"] = new JsonObject { ["certificate"] = certificate.ExportCertificatePem(), ["key"] = key.ExportPkcs8PrivateKeyPem() },
            ["clients"] = new JsonArray(),
            ["certificateAuthorities"] = authority is null ? new JsonArray() : new JsonArray(authority.ExportCertificatePem()),
            ["strictAssertions"] = true,
            ["noncePrefix"] = Canary.Marker,
        }.ToJsonString();
    }

    private async Task<JsonNode> PostAsync(string page, string id, JsonObject body)
    {
        Uri address = new($"{Address("admin")}/{page}/{Uri.EscapeDataString(id)}");
        using StringContent content = new(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _admin.PostAsync(address, content);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private async Task<IReadOnlyList<JsonNode>> ListAsync(string page, string clientId)
    {
        JsonNode response = JsonNode.Parse(await _admin.GetStringAsync(new Uri($"{Address("admin")}/{page}")))!;
        return [.. response[page]!.AsArray().Where(item => item!["clientId"]?.GetValue<string>() == clientId).Select(item => item!)];
    }

    private string Address(string name) => _addresses[name]!.GetValue<string>();
}
