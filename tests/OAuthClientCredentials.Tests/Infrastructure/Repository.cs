namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    /// <summary>Paths relative to the root, with forward slashes; nothing that a build made.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "artifacts" or "node_modules"))
            .Order(StringComparer.Ordinal);

    private static string FindRoot(string? folder)
    {
        if (folder is null)
        {
            throw new DirectoryNotFoundException("These tests read the files of the repository. Run them inside it.");
        }

        return File.Exists(Path.Combine(folder, "OAuthClientCredentials.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder));
    }
}
