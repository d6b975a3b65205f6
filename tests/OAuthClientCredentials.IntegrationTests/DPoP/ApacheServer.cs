using OAuthClientCredentials.IntegrationTests.Recipes;

namespace OAuthClientCredentials.IntegrationTests.DPoP;

/// <summary>
/// Apache with mod_oauth2 as an API that accepts the JWTs of an authorization server with a proof. It does not use nonces.
/// </summary>
internal sealed class ApacheServer : IAsyncDisposable
{
    private const string Modules = "/usr/lib/apache2/modules";

    private readonly ServerProcess _process = new();
    private readonly int _port = ServerProcess.FreePort();

    /// <summary>What is missing and how to install it, or null if the server can run.</summary>
    public static string? Unavailable { get; } = Check();

    public Uri Api => new($"http://127.0.0.1:{_port}/v1/orders");

    /// <summary>Starts Apache for the tokens that an issuer signs.</summary>
    public static async Task<ApacheServer> StartAsync(string issuer)
    {
        ApacheServer server = new();
        string folder = server._process.Folder;
        Directory.CreateDirectory(Path.Combine(folder, "v1"));
        await File.WriteAllTextAsync(Path.Combine(folder, "v1", "orders"), "{}");
        string configuration = Path.Combine(folder, "apache.conf");
        await File.WriteAllTextAsync(configuration, server.Configuration(issuer));
        server._process.Start("/usr/sbin/apache2", ["-f", configuration, "-D", "FOREGROUND"]);
        await server._process.WaitForAsync("resuming normal operations");
        return server;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string? Check()
    {
        bool isInstalled = File.Exists($"{Modules}/mod_oauth2.so");
        return isInstalled ? null : "Apache with mod_oauth2 is not installed; on Debian run: apt-get install libapache2-mod-oauth2";
    }

    // A proof is accepted for five seconds by default, which is too short on a busy machine.
    private string Configuration(string issuer) => $$"""
        ServerRoot {{_process.Folder}}
        DefaultRuntimeDir {{_process.Folder}}
        PidFile {{_process.Folder}}/pid
        DocumentRoot {{_process.Folder}}
        ErrorLog /dev/stderr
        ServerName 127.0.0.1
        Listen 127.0.0.1:{{_port}}
        User nobody
        LoadModule mpm_event_module {{Modules}}/mod_mpm_event.so
        LoadModule authn_core_module {{Modules}}/mod_authn_core.so
        LoadModule authz_core_module {{Modules}}/mod_authz_core.so
        LoadModule authz_user_module {{Modules}}/mod_authz_user.so
        LoadModule oauth2_module {{Modules}}/mod_oauth2.so
        <Location />
          AuthType oauth2
          OAuth2AcceptTokenIn header type=DPoP
          OAuth2TokenVerify jwks_uri {{issuer}}/jwks type=dpop&dpop.iat.slack.before=600
          Require valid-user
        </Location>

        """;
}
