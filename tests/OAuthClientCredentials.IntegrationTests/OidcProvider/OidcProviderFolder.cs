using System.ComponentModel;
using System.Diagnostics;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>Where server.mjs is, and whether it can run. The build does not need Node.js; without it these tests are skipped.</summary>
internal static class OidcProviderFolder
{
    private const string InRepository = "tests/OAuthClientCredentials.IntegrationTests/OidcProvider";

    /// <summary>The tests must run inside the repository.</summary>
    public static string FullPath { get; } = Find(AppContext.BaseDirectory);

    /// <summary>What is missing and how to install it, or null if the server can run.</summary>
    public static string? Unavailable { get; } = Check();

    private static string Find(string folder)
    {
        if (File.Exists(Path.Combine(folder, "OAuthClientCredentials.sln")))
        {
            return Path.Combine(folder, InRepository);
        }

        return Find(Path.GetDirectoryName(folder)!);
    }

    private static string? Check()
    {
        if (!HasNode())
        {
            return "Node.js 22 or later is not on the PATH; install it, then run: npm ci --prefix " + InRepository;
        }

        bool isInstalled = Directory.Exists(Path.Combine(FullPath, "node_modules", "oidc-provider"));
        return isInstalled ? null : "oidc-provider is not installed; run: npm ci --prefix " + InRepository;
    }

    // oidc-provider calls two functions that older versions do not have.
    private static bool HasNode()
    {
        try
        {
            using Process node = Process.Start("node", ["-e", "process.exit(URL.parse && require('node:crypto').hash ? 0 : 1)"]);
            return node.WaitForExit(TimeSpan.FromSeconds(30)) && node.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
