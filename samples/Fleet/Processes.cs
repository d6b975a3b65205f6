using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Fleet;

/// <summary>A child process that ends with this one.</summary>
internal class ChildProcess : IDisposable
{
    public ChildProcess(string program, IEnumerable<string> arguments, Action<IDictionary<string, string?>>? environment = null)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        environment?.Invoke(start.Environment);
        Process = Process.Start(start)!;
    }

    protected Process Process { get; }

    /// <summary>Ends the process abruptly (SIGKILL).</summary>
    public void Kill()
    {
        Process.Kill();
        Process.WaitForExit();
    }

    /// <summary>Stops the process (SIGSTOP). Its connections stay open and nothing is answered.</summary>
    public void Pause() => Signal("-STOP");

    public void Resume() => Signal("-CONT");

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Kill();
        }

        Process.Dispose();
    }

    protected static string[] ThisProgram(params string[] arguments) => [typeof(ChildProcess).Assembly.Location, .. arguments];

    private void Signal(string signal)
    {
        using Process kill = Process.Start("kill", [signal, Process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}

/// <summary>One replica of the service.</summary>
internal sealed class ReplicaProcess(ReplicaSettings settings) : ChildProcess("dotnet", ThisProgram("replica"), settings.WriteTo)
{
    public int Number => settings.Number;

    public async Task WaitUntilReadyAsync() => _ = await ReadLineAsync("ready");

    /// <summary>Starts its calls, and waits until the first one has ended.</summary>
    public Task StartCallsAsync() => SendAsync("call", "started");

    public async Task<Totals> TakeTotalsAsync() => JsonSerializer.Deserialize<Totals>(await SendAsync("totals", "{"))!;

    private async Task<string> SendAsync(string command, string responseStart)
    {
        await Process.StandardInput.WriteLineAsync(command);
        await Process.StandardInput.FlushAsync();
        return await ReadLineAsync(responseStart);
    }

    // Its log is on the same output.
    private async Task<string> ReadLineAsync(string beginning)
    {
        while (await Process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                return line;
            }
        }

        throw new InvalidOperationException($"Replica {Number} has ended.");
    }
}

/// <summary>The store: Garnet as a process, or a redis-server of this machine.</summary>
internal sealed class StoreProcess(string kind, int port) : ChildProcess(Program(kind), Arguments(kind, port))
{
    public static async Task<StoreProcess> StartAsync(string kind, int port)
    {
        StoreProcess store = new(kind, port);
        store.Process.BeginOutputReadLine(); // a full pipe would block it
        for (int attempt = 0; attempt < 200; attempt++)
        {
            try
            {
                using TcpClient client = new();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return store;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        throw new InvalidOperationException($"The store '{kind}' did not start.");
    }

    private static string Program(string kind) => kind == "garnet" ? "dotnet" : kind;

    private static string[] Arguments(string kind, int port)
    {
        string number = port.ToString(CultureInfo.InvariantCulture);
        if (kind == "garnet")
        {
            return ThisProgram("store", number);
        }

        return ["--port", number, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    }
}
