using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>A RabbitMQ server whose users are tokens (its plugin rabbitmq_auth_backend_oauth2).</summary>
internal sealed class RabbitMqServer : IAsyncDisposable
{
    /// <summary>The program without the wrapper that changes the user.</summary>
    public const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";

    private readonly ServerProcess _process = new();
    private readonly RSA _key = RSA.Create(2048);

    public int Port { get; } = ServerProcess.FreePort();

    public static async Task<RabbitMqServer> StartAsync()
    {
        RabbitMqServer server = new();
        await server.StartProcessesAsync();
        return server;
    }

    /// <summary>Creates a token, as the authorization server of the broker would.</summary>
    /// <param name="scopes">What the token permits.</param>
    public string CreateToken(params string[] scopes) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Audience = "rabbitmq",
        Claims = new Dictionary<string, object> { ["sub"] = "shop", ["scope"] = string.Join(' ', scopes) },
        Expires = DateTime.UtcNow.AddHours(1),
        SigningCredentials = new(new RsaSecurityKey(_key) { KeyId = "test" }, SecurityAlgorithms.RsaSha256),
    });

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _key.Dispose();
    }

    private async Task StartProcessesAsync()
    {
        string key = Write("key.pem", _key.ExportSubjectPublicKeyInfoPem());
        string plugins = Write("enabled_plugins", "[rabbitmq_auth_backend_oauth2].");
        string configuration = Write("rabbitmq.conf", $"""
            listeners.tcp.1 = 127.0.0.1:{Port}
            auth_backends.1 = rabbit_auth_backend_oauth2
            auth_oauth2.resource_server_id = rabbitmq
            auth_oauth2.default_key = test
            auth_oauth2.signing_keys.test = {key}

            """);
        string registryPort = $"{ServerProcess.FreePort()}";

        // The registry of Erlang nodes. The server would start one that stays.
        _process.Start("epmd", [], ("ERL_EPMD_PORT", registryPort), ("ERL_EPMD_ADDRESS", "127.0.0.1"));
        _process.Start(
            "sh",
            [Program],
            ("ERL_EPMD_PORT", registryPort),
            ("HOME", _process.Folder),
            ("RABBITMQ_CONFIG_FILE", configuration),
            ("RABBITMQ_CONF_ENV_FILE", "/dev/null"),
            ("RABBITMQ_DIST_PORT", $"{ServerProcess.FreePort()}"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", plugins),
            ("RABBITMQ_LOGS", "-"),
            ("RABBITMQ_LOG_BASE", _process.Folder),
            ("RABBITMQ_MNESIA_BASE", _process.Folder),
            ("RABBITMQ_NODENAME", "recipe@localhost"),
            ("RABBITMQ_PID_FILE", Path.Combine(_process.Folder, "pid")));
        await _process.WaitForAsync("Server startup complete");
    }

    private string Write(string name, string content)
    {
        string path = Path.Combine(_process.Folder, name);
        File.WriteAllText(path, content);
        return path;
    }
}
