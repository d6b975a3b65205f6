namespace OAuthClientCredentials.OutageRun;

/// <summary>The files of this repository that the run uses.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>The folder of the sample. It is the working directory of its process, as with "dotnet run".</summary>
    public static string Sample { get; } = Path.Combine(Root, "samples", "Observability");

    /// <summary>The build of the sample in the configuration of this program.</summary>
    public static string SampleDll { get; } = Path.Combine(Root, "artifacts", "bin", "Observability", Configuration, "Observability.dll");

    private static string Configuration => Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    private static string FindRoot(string? folder)
    {
        if (folder is null)
        {
            throw new OutageRunException("This program reads the files of the repository. Run it inside it.");
        }

        return File.Exists(Path.Combine(folder, "OAuthClientCredentials.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder));
    }
}
