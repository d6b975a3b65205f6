using System.Runtime.InteropServices;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>How a new credential reaches the application.</summary>
public enum RotationMode
{
    /// <summary>Each file is replaced by a rename.</summary>
    Rename,

    /// <summary>As Kubernetes does it: each file is a link through the link "..data", which is replaced.</summary>
    SymlinkSwap,

    /// <summary>By renames nearly a second apart: meanwhile certificate and key do not match.</summary>
    OneByOne,
}

/// <summary>A folder whose files are replaced together.</summary>
internal sealed class MountedFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;
    private readonly bool _bySymlink;
    private readonly TimeSpan _pause;
    private int _version;

    public MountedFiles(RotationMode mode, params (string Name, string Content)[] files)
    {
        // Links need a privilege on Windows.
        _bySymlink = mode == RotationMode.SymlinkSwap && !OperatingSystem.IsWindows();
        Replace(files);
        _pause = mode == RotationMode.OneByOne ? TimeSpan.FromSeconds(0.8) : TimeSpan.Zero;
        foreach ((string name, _) in _bySymlink ? files : [])
        {
            File.CreateSymbolicLink(this[name], Path.Combine("..data", name));
        }
    }

    public string this[string name] => Path.Combine(_folder, name);

    public void Replace(params (string Name, string Content)[] files)
    {
        string version = $"..{_version++}";
        DirectoryInfo next = Directory.CreateDirectory(Path.Combine(_folder, version));
        foreach ((string name, string content) in files)
        {
            string path = Path.Combine(next.FullName, name);
            File.WriteAllText(path, content);
            if (!_bySymlink)
            {
                File.Move(path, this[name], overwrite: true);
                Thread.Sleep(_pause);
            }
        }

        if (_bySymlink)
        {
            string link = Path.Combine(_folder, "..data_tmp");
            File.CreateSymbolicLink(link, version);
            Assert.Equal(0, Rename(link, Path.Combine(_folder, "..data")));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // File.Move does not replace a link to a folder.
    [DllImport("libc", EntryPoint = "rename")]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
