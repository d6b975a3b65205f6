using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OAuthClientCredentials.IntegrationTests.Methods;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>server.mjs as a process of its own: an authorization server that is none of ours, and an API that takes its tokens.</summary>
internal sealed class OidcProviderServer : ITestServer, IAsyncDisposable
{
    private readonly Process _process;
    private readonly X509Certificate2 _certificate;
    private readonly JsonElement _addresses;
    private readonly HttpClient _admin = new();

    private OidcProviderServer(Process process, X509Certificate2 certificate, string ready)
    {
        (_process, _certificate) = (process, certificate);
        using JsonDocument document = JsonDocument.Parse(ready);
        _addresses = document.RootElement.Clone();
    }

    /// <summary>What is missing here, with the remedy; null where the server can run.</summary>
    public static string? Unavailable => OidcProviderFolder.Unavailable;

    public string Issuer => Address("issuer");

    public string TokenEndpoint => Address("tokenEndpoint");

    public string MtlsTokenEndpoint => Address("mtlsTokenEndpoint");

    public Uri Api => new(Address("api"));

    public Uri MtlsApi => new(Address("mtlsApi"));

    public static Task<OidcProviderServer> StartAsync(params OidcClient[] clients) => StartAsync(new OidcProviderSettings(), clients);

    public static async Task<OidcProviderServer> StartAsync(OidcProviderSettings settings, params OidcClient[] clients)
    {
        X509Certificate2 certificate = TestCertificates.Server();
        Process process = new()
        {
            StartInfo = new("node", ["server.mjs"])
            {
                WorkingDirectory = OidcProviderFolder.Path,
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
        await process.StandardInput.WriteLineAsync(settings.ToJson(certificate, clients));
        await process.StandardInput.FlushAsync(CancellationToken.None);
        string? ready = await process.StandardOutput.ReadLineAsync(CancellationToken.None);
        if (ready is not null)
        {
            return new(process, certificate, ready);
        }

        using (process)
        using (certificate)
        {
            await process.WaitForExitAsync(CancellationToken.None);
            throw new InvalidOperationException($"The server did not start: {errors}");
        }
    }

    public SocketsHttpHandler CreateHandler(X509Certificate2? clientCertificate = null) => TestCertificates.Trusting(_certificate, clientCertificate);

    /// <summary>Registers a client anew while the server runs: another secret, other keys, old and new together.</summary>
    public Task ReplaceAsync(OidcClient client) => PostAsync($"clients/{Uri.EscapeDataString(client.Id)}", client.Metadata);

    /// <summary>The API takes none of the tokens that were issued so far.</summary>
    public Task RevokeAsync() => PostAsync("revoke", []);

    /// <summary>The nonce that the API demands from now on, with <see cref="OidcProviderSettings.DPoPNonce"/>.</summary>
    public Task ChangeApiNonceAsync(string nonce) => PostAsync("nonce", new JsonObject { ["nonce"] = nonce });

    /// <summary>The token requests in order, as requests.mjs describes them: clientId, method, parameters, assertion, certificate, status, error and the like.</summary>
    public Task<IReadOnlyList<JsonNode>> RequestsAsync() => ListAsync("requests");

    /// <summary>The calls of the API in order: clientId, status, error, scheme, certificate, mtls.</summary>
    public Task<IReadOnlyList<JsonNode>> CallsAsync() => ListAsync("calls");

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

    private async Task PostAsync(string page, JsonObject body)
    {
        using StringContent content = new(body.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _admin.PostAsync(new Uri($"{Address("admin")}/{page}"), content);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<IReadOnlyList<JsonNode>> ListAsync(string page)
    {
        JsonNode answer = JsonNode.Parse(await _admin.GetStringAsync(new Uri($"{Address("admin")}/{page}")))!;
        return [.. answer[page]!.AsArray().Select(item => item!)];
    }

    private string Address(string name) => _addresses.GetProperty(name).GetString()!;
}
