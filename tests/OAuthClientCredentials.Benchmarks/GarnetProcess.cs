using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Garnet;

namespace OAuthClientCredentials.Benchmarks;

/// <summary>Garnet, a server that speaks the protocol of Redis, as a process of its own: its allocations are not measured.</summary>
internal sealed class GarnetProcess : IDisposable
{
    private readonly Process _process;

    public GarnetProcess()
    {
        int port = FindFreePort();
        Address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        string[] arguments = [typeof(GarnetProcess).Assembly.Location, "store", port.ToString(CultureInfo.InvariantCulture)];
        ProcessStartInfo start = new("dotnet", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        _process = Process.Start(start)!;
        while (_process.StandardOutput.ReadLine() is { } line && line != "ready")
        {
            // Garnet prints a banner first.
        }
    }

    public string Address { get; }

    /// <summary>Runs the store until the process that started it closes the input or ends.</summary>
    public static void Serve(string port)
    {
        using GarnetServer store = new(["--bind", "127.0.0.1", "--port", port, "--lua", "true", "--memory", "64m", "--index", "4m"]);
        store.Start();
        Console.WriteLine("ready");
        Console.In.ReadToEnd();
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static int FindFreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
