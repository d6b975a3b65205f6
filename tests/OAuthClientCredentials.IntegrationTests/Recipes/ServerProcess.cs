using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Recipes;

/// <summary>An installed server as a process of this test, with a folder of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    // Runs a program in a process group of its own. The group ends with the program, and when the input closes, which it also does if the
    // process of the tests is killed.
    private const string RunInGroup = "(\"$0\" \"$@\"; kill -s TERM -- -$$) & cat > /dev/null; kill -s TERM -- -$$";

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly List<Process> _processes = [];
    private readonly StringBuilder _output = new();

    /// <summary>The data of the server. Every user may write into it, because some servers refuse to run as root.</summary>
    public string Folder { get; } = CreateFolder();

    /// <summary>The user that the next processes run as; null for the user of the tests.</summary>
    public string? User { get; set; }

    private string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts a server that runs until this instance is disposed.</summary>
    public void Start(string program, string[] arguments, params (string Name, string Value)[] environment) =>
        _processes.Add(StartProcess("setsid", ["sh", "-c", RunInGroup, program, .. arguments], environment));

    /// <summary>Runs a program to its end.</summary>
    public async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = StartProcess(program, arguments);
        using CancellationTokenSource timeout = new(Timeout);
        await process.WaitForExitAsync(timeout.Token);
        Assert.True(process.ExitCode == 0, $"{program} failed.\n{Output}");
    }

    /// <summary>Waits until the output contains a text.</summary>
    public async Task WaitForAsync(string text)
    {
        long start = Stopwatch.GetTimestamp();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            Assert.False(_processes[^1].HasExited, $"The server ended early.\n{Output}");
            Assert.True(Stopwatch.GetElapsedTime(start) < Timeout, $"The server did not start in time.\n{Output}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in Enumerable.Reverse(_processes))
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static string CreateFolder()
    {
        string folder = Directory.CreateTempSubdirectory("recipe").FullName;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        }

        return folder;
    }

    private Process StartProcess(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UserName = User,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        Process process = new() { StartInfo = start };
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.ErrorDataReceived += (_, line) => Append(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    // The last event of each stream has no line.
    private void Append(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
