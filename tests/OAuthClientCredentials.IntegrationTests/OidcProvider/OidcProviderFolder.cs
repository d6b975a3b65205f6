using System.ComponentModel;
using System.Diagnostics;

namespace OAuthClientCredentials.IntegrationTests.OidcProvider;

/// <summary>Where server.mjs is, and whether it can run: the build needs no Node, and the tests go without where it is missing.</summary>
internal static class OidcProviderFolder
{
    private const string InRepository = "tests/OAuthClientCredentials.IntegrationTests/OidcProvider";

    public static string Path { get; } = Find(AppContext.BaseDirectory);

    public static string? Unavailable { get; } =
        !Runs() ? "Node.js 22 or later is not on the PATH; install it, then run: npm ci --prefix " + InRepository
        : !Directory.Exists(System.IO.Path.Combine(Path, "node_modules", "oidc-provider")) ? "oidc-provider is not installed; run: npm ci --prefix " + InRepository
        : null;

    private static string Find(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, "OAuthClientCredentials.sln")) ? System.IO.Path.Combine(folder, InRepository)
        : Find(System.IO.Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("These tests run server.mjs of the repository: run them inside it."));

    // What oidc-provider calls and older versions lack.
    private static bool Runs()
    {
        try
        {
            using Process node = Process.Start(new ProcessStartInfo("node", ["-e", "process.exit(URL.parse && require('node:crypto').hash ? 0 : 1)"]))!;
            return node.WaitForExit(TimeSpan.FromSeconds(30)) && node.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
