using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests;

/// <summary>A sample that was built beside these tests, as a process.</summary>
internal sealed class SampleProcess : IAsyncDisposable
{
    private const int SigTerm = 15;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private SampleProcess(ProcessStartInfo start)
    {
        _process = new() { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
    }

    /// <summary>What the process has written so far to its output and its error stream.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts a sample.</summary>
    /// <param name="name">The name of its project.</param>
    /// <param name="environment">The environment variables that are its settings.</param>
    /// <param name="arguments">The arguments of its command line.</param>
    /// <returns>The running process.</returns>
    public static SampleProcess Start(string name, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        DirectoryInfo configuration = new(AppContext.BaseDirectory);
        string folder = Path.Combine(configuration.Parent!.Parent!.FullName, name, configuration.Name);
        ProcessStartInfo start = new("dotnet", [Path.Combine(folder, $"{name}.dll"), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string variable, string value) in environment)
        {
            start.Environment[variable] = value;
        }

        SampleProcess sample = new(start);
        sample._process.Start();
        sample._process.BeginOutputReadLine();
        sample._process.BeginErrorReadLine();
        return sample;
    }

    /// <summary>Waits until a condition holds, and fails the test if the process ends before or the time is up.</summary>
    public async Task WaitUntilAsync(Func<bool> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.False(_process.HasExited, $"The sample ended early.\n{Output}");
            Assert.True(Stopwatch.GetElapsedTime(start) < Timeout, $"The condition was not met in time.\n{Output}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until the process ends by itself. No secret may be in its output.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using CancellationTokenSource timeout = new(Timeout);
        await _process.WaitForExitAsync(timeout.Token);
        Assert.DoesNotContain(Canary.Marker, Output, StringComparison.OrdinalIgnoreCase);
        return _process.ExitCode;
    }

    /// <summary>Asks the process to stop, as a container platform does, and waits until it has ended.</summary>
    /// <returns>The exit code. Windows has no such signal: there the process is killed, and the result is 0.</returns>
    public async Task<int> StopAsync()
    {
        if (OperatingSystem.IsWindows())
        {
            _process.Kill();
            await WaitForExitAsync();
            return 0;
        }

        Assert.Equal(0, Kill(_process.Id, SigTerm));
        return await WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);

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
