using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>nginx, haproxy or squid as a process in the foreground, with its files in a folder of its own.</summary>
internal sealed class SpeakerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly string _program;
    private Process? _process;

    public SpeakerProcess(string program)
    {
        _program = program;
        if (!OperatingSystem.IsWindows())
        {
            // squid gives up its privileges and then writes its log here.
            Folder.UnixFileMode = (UnixFileMode)0b111_111_111;
        }
    }

    public DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("speaker-");

    /// <summary>The path of a program, or null if it is not installed. Servers are often not on the PATH of users.</summary>
    public static string? Find(string program)
    {
        string path = $"{Environment.GetEnvironmentVariable("PATH")}{Path.PathSeparator}/usr/sbin{Path.PathSeparator}/usr/local/sbin";
        return path.Split(Path.PathSeparator).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }

    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public string Write(string name, string content)
    {
        string path = Path.Combine(Folder.FullName, name);
        File.WriteAllText(path, content);
        return path;
    }

    public string Write(string name, params X509Certificate2[] certificates) =>
        Write(name, string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n")));

    /// <summary>Writes a certificate, those that follow it, and its private key.</summary>
    public string WriteWithKey(string name, X509Certificate2 certificate, params X509Certificate2[] others)
    {
        string path = Write(name, [certificate, .. others]);
        using ECDsa key = certificate.GetECDsaPrivateKey()!;
        File.AppendAllText(path, key.ExportPkcs8PrivateKeyPem() + "\n");
        return path;
    }

    /// <summary>Starts the program, and waits until it accepts connections.</summary>
    public async Task StartAsync(int port, params string[] arguments)
    {
        ProcessStartInfo start = new(Find(_program)!, arguments)
        {
            WorkingDirectory = Folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        long started = Stopwatch.GetTimestamp();
        while (!await AcceptsAsync(port))
        {
            Assert.True(!_process.HasExited && Stopwatch.GetElapsedTime(started) < Timeout, $"{_program} did not start.");
            await Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Folder.Delete(recursive: true);
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        try
        {
            using TcpClient client = new();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>A root, an intermediate, and a client certificate of the intermediate.</summary>
internal static class SpeakerCertificates
{
    public static X509Certificate2 Root { get; } = TestCertificates.Authority();

    public static X509Certificate2 Intermediate { get; } = CreateIntermediate();

    public static X509Certificate2 Client { get; } = TestCertificates.Client("CN=shop", Intermediate);

    private static X509Certificate2 CreateIntermediate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=Test intermediate", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        using X509Certificate2 issued = request.Create(Root, now.AddDays(-20), now.AddDays(20), RandomNumberGenerator.GetBytes(16));
        return issued.CopyWithPrivateKey(key);
    }
}
