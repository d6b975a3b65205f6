using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>How haproxy ends connections of clients that it does not accept.</summary>
public sealed class HaproxyTests(HaproxyTests.Server server, ITestOutputHelper output)
    : CanaryTests, IClassFixture<HaproxyTests.Server>
{
    private const string Set = "Set ClientCredentials:CertificateFile.";
    private const string Intermediates = "Check that ClientCredentials:CertificateFile has the intermediate certificates";

    [SpeakerTheory("haproxy")]
    [Trait("Req", "R-352")]
    [InlineData("TLS 1.3, no client certificate", "https", 13, false, "tls", false, 1, "alert 'certificate required'", Set)]
    [InlineData("TLS 1.3, no client certificate, metadata", "https", 13, true, "tls", false, 0, "'certificate required'", "TokenEndpoint")]
    [InlineData("TLS 1.2, no client certificate", "https", 12, false, "tls", false, 1, "alert 'handshake failure'", "CertificateFile")]
    [InlineData("TLS 1.3, leaf without its intermediate", "leaf", 13, false, "tls", false, 1, "alert 'unknown ca'", Intermediates)]
    [InlineData("TLS 1.2, leaf without its intermediate", "leaf", 12, false, "tls", false, 1, "alert 'unknown ca'", Intermediates)]
    [InlineData("http to its https port", "http", 13, false, "connection", true, 2, "(ResponseEnded)", "the scheme must be https")]
    [InlineData("http to its https port, metadata", "http", 13, true, "connection", true, 0, "(ResponseEnded)", "the scheme must be https")]
    public async Task Alert_of_haproxy_is_named(
        string name, string kind, int tls, bool atDiscovery, string errorType, bool isTransient, int attempts, string said, string remedy)
    {
        string scheme = kind == "http" ? "http" : "https";
        SpeakerClient client = new()
        {
            Address = $"{scheme}://127.0.0.1:{server.Ports[tls]}/token",
            AtDiscovery = atDiscovery,
            Certificate = kind == "leaf" ? (server.Leaf, SpeakerCertificates.Client) : null,
        };
        Outcome outcome = await client.FailAsync();
        output.WriteLine(outcome.Check($"haproxy: {name}", errorType, isTransient, attempts, said, remedy));
    }

    [SpeakerTheory("haproxy")]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Certificate_with_its_intermediate_gets_a_token(int tls)
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            (options.ClientId, options.CertificateFile) = ("shop", server.Chain);
            options.TokenEndpoint = $"https://127.0.0.1:{server.Ports[tls]}/token";
        }).ConfigureHttpClient(http =>
            http.ConfigurePrimaryHttpMessageHandler(() => TestCertificates.Trusting(SpeakerCertificates.Root)));
        await using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("abc", (await provider.GetRequiredService<ITokenProvider>().GetTokenAsync()).Value);
    }

    public sealed class Server : IAsyncLifetime
    {
        private readonly SpeakerProcess _process = new("haproxy");

        /// <summary>By the newest version of TLS that the port accepts.</summary>
        internal Dictionary<int, int> Ports { get; } = new() { [12] = SpeakerProcess.FreePort(), [13] = SpeakerProcess.FreePort() };

        internal string Leaf { get; private set; } = "";

        internal string Chain { get; private set; } = "";

        public async Task InitializeAsync()
        {
            if (SpeakerProcess.Find("haproxy") is null)
            {
                return;
            }

            Leaf = _process.WriteWithKey("leaf.pem", SpeakerCertificates.Client);
            Chain = _process.WriteWithKey("chain.pem", SpeakerCertificates.Client, SpeakerCertificates.Intermediate);
            _process.Write("root.pem", SpeakerCertificates.Root);
            _process.WriteWithKey("server.pem", TestCertificates.Server(SpeakerCertificates.Root));
            string configuration = _process.Write("haproxy.cfg", Configuration());
            await _process.StartAsync(Ports[13], "-db", "-f", configuration);
        }

        public Task DisposeAsync() => _process.DisposeAsync().AsTask();

        private string Configuration() => $$"""
            defaults
              mode http
              timeout connect 5s
              timeout client 5s
              timeout server 5s
            frontend token
              bind 127.0.0.1:{{Ports[12]}} ssl crt server.pem ca-file root.pem verify required ssl-max-ver TLSv1.2
              bind 127.0.0.1:{{Ports[13]}} ssl crt server.pem ca-file root.pem verify required ssl-min-ver TLSv1.3
              http-request return status 200 content-type application/json string '{"access_token":"abc","token_type":"Bearer"}'

            """;
    }
}
