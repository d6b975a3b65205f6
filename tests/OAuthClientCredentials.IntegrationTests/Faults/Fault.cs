using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>What goes wrong at an endpoint.</summary>
internal sealed record Fault(Func<ServerConnection, Task> Respond)
{
    private static readonly Func<ServerConnection, Task> Nothing = static _ => Task.CompletedTask;

    /// <summary>Runs as soon as the connection is open, before TLS and before a request.</summary>
    public Func<ServerConnection, Task> Connected { get; init; } = Nothing;

    public bool IsRefused { get; init; }

    public bool IsTls { get; init; }

    public X509Certificate2? Certificate { get; init; }

    /// <summary>How many tokens are requested, one after the other.</summary>
    public int Calls { get; init; } = 1;

    public static Fault Refused => new(Nothing) { IsRefused = true };

    public static Func<ServerConnection, Task> Open => Nothing;

    public static Func<ServerConnection, Task> Close => static connection => connection.CloseAsync();

    public static Func<ServerConnection, Task> Reset => static connection => connection.ResetAsync();

    public static Func<ServerConnection, Task> Hang => static connection => connection.HangAsync();

    public static Fault OnConnect(Func<ServerConnection, Task> act, bool tls = false) => new(Nothing) { Connected = act, IsTls = tls };

    public static Fault Tls(X509Certificate2 certificate) => Ok() with { IsTls = true, Certificate = certificate };

    /// <summary>Sends these bytes and then ends or keeps the connection.</summary>
    public static Fault Send(string text, Func<ServerConnection, Task> then) => Send(_ => text, then);

    public static Fault Send(Func<ServerConnection, string> text, Func<ServerConnection, Task> then) => new(async connection =>
    {
        await connection.SendAsync(text(connection));
        await then(connection);
    });

    /// <summary>Sends a complete response.</summary>
    public static Fault Status(int status, string body = "", string headers = ServerConnection.Json) =>
        Status(status, _ => headers, _ => body);

    public static Fault Status(int status, Func<ServerConnection, string> headers, Func<ServerConnection, string>? body = null) =>
        new(connection => connection.RespondAsync(status, Encoding.UTF8.GetBytes(body?.Invoke(connection) ?? ""), headers(connection)));

    public static Fault Ok(Func<ServerConnection, string>? body = null, string headers = ServerConnection.Json) =>
        Status(200, _ => headers, body ?? (static connection => connection.ValidBody));

    public static Fault Ok(Encoding encoding, Func<ServerConnection, string> body) =>
        new(connection => connection.RespondAsync(200, encoding.GetBytes(body(connection)), ServerConnection.Json));

    public static Fault Ok(byte[] body, string headers) => new(connection => connection.RespondAsync(200, body, headers));

    /// <summary>Sends a start, and then the same text again as fast as the client reads it, without end or up to a size.</summary>
    public static Fault Flood(string start, string again, long size = long.MaxValue)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(again, 1 + (16 * 1024 / again.Length))));
        return new(async connection =>
        {
            await connection.SendAsync(start);
            for (long sent = 0; sent < size; sent += bytes.Length)
            {
                await connection.SendAsync(bytes.AsMemory(0, (int)Math.Min(bytes.Length, size - sent)));
            }
        });
    }

    /// <summary>Sends a start, and then a few bytes every 20 ms, without end.</summary>
    public static Fault Drip(string start, string again) => new(async connection =>
    {
        await connection.SendAsync(start);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(20));
        while (await timer.WaitForNextTickAsync())
        {
            await connection.SendAsync(again);
        }
    });
}
