using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace OAuthClientCredentials.OutageRun;

/// <summary>A process that this program started. Its output is kept for error messages.</summary>
internal sealed class LocalProcess : IDisposable
{
    private const int MaxLines = 40;

    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentQueue<string> _output = new();
    private readonly Process _process;

    public LocalProcess(string file, string folder, params string[] arguments)
    {
        _process = new()
        {
            StartInfo = new(file, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', _output);

    /// <summary>The path of the first of the commands that is on PATH.</summary>
    /// <exception cref="OutageRunException">None of them is.</exception>
    public static string Find(string package, params string[] commands)
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        IEnumerable<string> paths = commands.SelectMany(command => folders.Select(folder => Path.Combine(folder, command)));
        return paths.FirstOrDefault(File.Exists) ?? throw new OutageRunException(
            $"The command '{commands[0]}' is not on PATH. Install the package '{package}', for instance with 'apt-get install {package}'.");
    }

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <exception cref="OutageRunException">The process has ended.</exception>
    public void RequireRunning(string name)
    {
        if (_process.HasExited)
        {
            throw new OutageRunException($"{name} ended with exit code {_process.ExitCode}. Its last output: {Output}");
        }
    }

    /// <summary>Sends SIGTERM and returns the exit code; <see langword="null"/> if the process had to be killed.</summary>
    public async Task<int?> StopAsync()
    {
        if (!_process.HasExited)
        {
            using Process kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}"]);
            await kill.WaitForExitAsync();
        }

        using CancellationTokenSource limit = new(StopLimit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            return null;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        if (_output.Count > MaxLines)
        {
            _output.TryDequeue(out _);
        }
    }
}
