using OAuthClientCredentials.IntegrationTests.Canaries;
using OAuthClientCredentials.IntegrationTests.OidcProvider;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>What nginx sends to clients that do not get through it.</summary>
public sealed class NginxTests(NginxTests.Server server, ITestOutputHelper output)
    : CanaryTests, IClassFixture<NginxTests.Server>
{
    private const string NoCertificate = "'400 No required SSL certificate was sent'";
    private const string PlainHttp =
        "'400 The plain HTTP request was sent to HTTPS port'|If this port expects TLS, the scheme must be https.";
    private const string Front = "A proxy or firewall in front of the authorization server may have refused the request";

    [SpeakerTheory("nginx")]
    [Trait("Req", "R-352")]
    [InlineData("no client certificate", "https", "mutual", false, "400", false, 1, NoCertificate + "|A web server or proxy in front")]
    [InlineData("no certificate for metadata", "https", "mutual", true, "metadata", false, 0, NoCertificate + "|or set TokenEndpoint")]
    [InlineData("leaf without its intermediate", "leaf", "mutual", false, "400", false, 1, "'400 The SSL certificate error'")]
    [InlineData("http to its https port", "http", "mutual", false, "400", false, 1, PlainHttp)]
    [InlineData("http to its https port for metadata", "http", "mutual", true, "metadata", false, 0, PlainHttp)]
    [InlineData("https to its http port", "https", "plain", false, "tls", false, 1, "there is no TLS on that port")]
    [InlineData("https to its http port for metadata", "https", "plain", true, "tls", false, 0, "there is no TLS on that port")]
    [InlineData("403 page", "https", "tls/forbidden", false, "403", false, 1, "'403 Forbidden'. " + Front)]
    [InlineData("404 page", "https", "tls/missing", false, "404", false, 1, "'404 Not Found'. Check ClientCredentials:TokenEndpoint")]
    [InlineData("502 page", "https", "tls/bad", false, "502", true, 2, "'502 Bad Gateway'. The authorization server has a transient")]
    [InlineData("expired certificate", "https", "expired", false, "tls", false, 1, "it has expired or is not valid yet")]
    [InlineData("certificate of another host", "https", "other", false, "tls", false, 1, "it is for another host name than 127.0.0.1")]
    [InlineData("unknown root", "untrusted", "tls", false, "tls", false, 1, "its issuer is not trusted. Trust the CA")]
    public async Task Nginx_is_named_with_the_reason(
        string name, string kind, string place, bool atDiscovery, string errorType, bool isTransient, int attempts, string said)
    {
        string[] parts = place.Split('/', 2);
        string scheme = kind == "http" ? "http" : "https";
        SpeakerClient client = new()
        {
            Address = $"{scheme}://127.0.0.1:{server.Ports[parts[0]]}/{parts.ElementAtOrDefault(1) ?? "token"}",
            AtDiscovery = atDiscovery,
            Trusts = kind != "untrusted",
            Certificate = kind == "leaf" ? (server.Leaf, SpeakerCertificates.Client) : null,
        };
        Outcome outcome = await client.FailAsync();
        output.WriteLine(outcome.Check($"nginx: {name}", errorType, isTransient, attempts, said.Split('|')));
    }

    public sealed class Server : IAsyncLifetime
    {
        private static readonly string[] Names = ["mutual", "tls", "plain", "expired", "other"];

        private readonly SpeakerProcess _process = new("nginx");

        internal Dictionary<string, int> Ports { get; } = Names.ToDictionary(name => name, _ => SpeakerProcess.FreePort());

        internal string Leaf { get; private set; } = "";

        public async Task InitializeAsync()
        {
            if (SpeakerProcess.Find("nginx") is null)
            {
                return;
            }

            Leaf = _process.WriteWithKey("leaf.pem", SpeakerCertificates.Client);
            _process.Write("root.pem", SpeakerCertificates.Root);
            _process.WriteWithKey("server.pem", TestCertificates.Server(SpeakerCertificates.Root));
            _process.WriteWithKey("expired.pem", TestCertificates.Server(SpeakerCertificates.Root, from: -10, until: -1));
            _process.WriteWithKey("other.pem", TestCertificates.Server(SpeakerCertificates.Root, "127.0.0.2"));
            string configuration = _process.Write("nginx.conf", Configuration());
            await _process.StartAsync(Ports["mutual"], "-p", _process.Folder.FullName, "-c", configuration, "-e", "error.log");
        }

        public Task DisposeAsync() => _process.DisposeAsync().AsTask();

        private string Configuration() => $$"""
            daemon off;
            master_process off;
            pid nginx.pid;
            events {}
            http {
              access_log off;
              client_body_temp_path body;
              proxy_temp_path proxy;
              fastcgi_temp_path fastcgi;
              uwsgi_temp_path uwsgi;
              scgi_temp_path scgi;
              server { {{Tls("mutual", "server")}} ssl_client_certificate root.pem; ssl_verify_client on; }
              server {
                {{Tls("tls", "server")}}
                location /forbidden { deny all; }
                location /bad { proxy_pass http://127.0.0.1:1; }
              }
              server { listen 127.0.0.1:{{Ports["plain"]}}; }
              server { {{Tls("expired", "expired")}} }
              server { {{Tls("other", "other")}} }
            }
            """;

        private string Tls(string name, string file) =>
            $"listen 127.0.0.1:{Ports[name]} ssl; ssl_certificate {file}.pem; ssl_certificate_key {file}.pem;";
    }
}
