using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;
using Xunit.Abstractions;

namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>What squid does to clients that it does not connect.</summary>
public sealed class SquidTests(SquidTests.Server server, ITestOutputHelper output)
    : CanaryTests, IClassFixture<SquidTests.Server>
{
    private const string Login = "Set its user name and password in HTTPS_PROXY";

    [SpeakerTheory("squid")]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-352")]
    [InlineData("no login", "", "https://id.example.com/token", false, 1, "(status 407)", Login)]
    [InlineData("wrong login", "shop:wrong", "https://id.example.com/token", false, 1, "(status 407)", Login)]
    [InlineData("denied host", "shop:right", "https://denied.example.com/token", false, 1, "(status 403)", "Allow connections to denied.")]
    [InlineData("unreachable host", "shop:right", "https://closed.example.com:1/token", true, 2, "(status 503)", "can reach closed.")]
    public async Task Refusal_of_squid_is_named(
        string name, string login, string address, bool isTransient, int attempts, string said, string remedy)
    {
        NetworkCredential? credentials = null;
        if (login.Length > 0)
        {
            credentials = new(login.Split(':')[0], login.Split(':')[1]);
        }

        SpeakerClient client = new()
        {
            Address = address,
            ConfigureHandler = handler =>
                handler.Proxy = new WebProxy($"http://127.0.0.1:{server.Port}") { Credentials = credentials },
        };
        Outcome outcome = await client.FailAsync();
        output.WriteLine(outcome.Check($"squid: {name}", "proxy", isTransient, attempts, said, remedy));
    }

    // The variable counts for a whole process, so the request is that of a sample.
    [SpeakerTheory("squid")]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-352")]
    [InlineData("", 1)]
    [InlineData("shop:wrong@", 2)]
    public async Task Login_in_an_environment_variable_is_not_repeated(string login, int connects)
    {
        string host = $"env{login.Length}.example.com";
        Dictionary<string, string> environment = new()
        {
            ["HTTPS_PROXY"] = $"http://{login}127.0.0.1:{server.Port}",
            ["ClientCredentials__orders__Authority"] = $"https://{host}",
            ["ClientCredentials__orders__ClientSecret"] = "canary",
            ["Orders__PollInterval"] = "00:00:01",
        };
        await using SampleProcess worker = SampleProcess.Start("Worker", environment);
        const string Failure = "The orders could not be read";
        await worker.WaitUntilAsync(() => worker.Output.Split(Failure).Length > 3);
        Assert.Contains("the proxy did not open a connection to the server (status 407)", worker.Output, StringComparison.Ordinal);
        Assert.Contains(Login, worker.Output, StringComparison.Ordinal);

        // .NET sends the login when it is asked for it: two requests are one attempt. The cool-down outlasts the test.
        Assert.Equal(connects, server.ConnectsTo(host));
    }

    public sealed class Server : IAsyncLifetime
    {
        private readonly SpeakerProcess _process = new("squid");

        internal int Port { get; } = SpeakerProcess.FreePort();

        private string Log => Path.Combine(_process.Folder.FullName, "access.log");

        public async Task InitializeAsync()
        {
            if (SpeakerProcess.Find("squid") is null || OperatingSystem.IsWindows())
            {
                return;
            }

            const string Script = "while read login; do [ \"$login\" = 'shop right' ] && echo OK || echo ERR; done";
            string helper = _process.Write("login", $"#!/bin/sh\n{Script}\n");
            File.SetUnixFileMode(helper, (UnixFileMode)0b111_101_101);
            _process.Write("hosts", "127.0.0.1 closed.example.com\n");
            string configuration = _process.Write("squid.conf", Configuration(_process.Folder.FullName));
            await _process.StartAsync(Port, "-N", "-f", configuration);
        }

        public Task DisposeAsync() => _process.DisposeAsync().AsTask();

        internal int ConnectsTo(string host) => File.ReadLines(Log).Count(line => line.Contains($" {host}:443 ", StringComparison.Ordinal));

        private string Configuration(string folder) => $"""
            http_port 127.0.0.1:{Port}
            pid_filename none
            cache_log {folder}/cache.log
            access_log stdio:{folder}/access.log
            buffered_logs off
            cache deny all
            hosts_file {folder}/hosts
            auth_param basic program {folder}/login
            acl login proxy_auth REQUIRED
            acl denied dstdomain denied.example.com
            http_access deny !login
            http_access deny denied
            http_access allow all
            shutdown_lifetime 0 seconds

            """;
    }
}
