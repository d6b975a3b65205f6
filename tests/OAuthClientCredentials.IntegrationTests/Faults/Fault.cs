using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>What goes wrong at an endpoint. The members are the words that the matrix is written in.</summary>
internal sealed record Fault(Func<Peer, Task> Answer)
{
    private static readonly Func<Peer, Task> Nothing = static _ => Task.CompletedTask;

    /// <summary>Done as soon as a connection is there, before TLS and before a request.</summary>
    public Func<Peer, Task> Connected { get; init; } = Nothing;

    public bool IsRefused { get; init; }

    public bool IsTls { get; init; }

    public X509Certificate2? Certificate { get; init; }

    /// <summary>How many tokens are requested, one after the other.</summary>
    public int Calls { get; init; } = 1;

    public static Fault Refused => new(Nothing) { IsRefused = true };

    public static Func<Peer, Task> Open => Nothing;

    public static Func<Peer, Task> Close => static peer => peer.CloseAsync();

    public static Func<Peer, Task> Reset => static peer => peer.ResetAsync();

    public static Func<Peer, Task> Hang => static peer => peer.HangAsync();

    public static Fault OnConnect(Func<Peer, Task> act, bool tls = false) => new(Nothing) { Connected = act, IsTls = tls };

    public static Fault Tls(X509Certificate2? certificate) => Ok() with { IsTls = true, Certificate = certificate };

    /// <summary>These bytes, and then an end.</summary>
    public static Fault Send(string text, Func<Peer, Task> then) => Send(_ => text, then);

    public static Fault Send(Func<Peer, string> text, Func<Peer, Task> then) => new(async peer =>
    {
        await peer.SendAsync(text(peer));
        await then(peer);
    });

    /// <summary>A whole answer.</summary>
    public static Fault Status(int status, string body = "", string headers = Peer.Json) => Status(status, _ => headers, body);

    public static Fault Status(int status, Func<Peer, string> headers, string body = "") => new(peer => peer.AnswerAsync(status, body, headers(peer)));

    public static Fault Ok(Func<Peer, string>? body = null, string headers = Peer.Json, Encoding? encoding = null) => new(peer =>
        peer.AnswerAsync(200, (encoding ?? Encoding.UTF8).GetBytes(body?.Invoke(peer) ?? peer.Good), headers));

    public static Fault Ok(byte[] body, string headers = Peer.Json) => new(peer => peer.AnswerAsync(200, body, headers));

    /// <summary>A start, and then the same again as fast as the client takes it, without end or up to a size.</summary>
    public static Fault Flood(string start, string again, long size = long.MaxValue)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(again, 1 + (16 * 1024 / again.Length))));
        return new(async peer =>
        {
            await peer.SendAsync(start);
            for (long sent = 0; sent < size; sent += bytes.Length)
            {
                await peer.SendAsync(bytes.AsMemory(0, (int)Math.Min(bytes.Length, size - sent)));
            }
        });
    }

    /// <summary>A start, and then a little every few milliseconds, without end.</summary>
    public static Fault Drip(string start, string again) => new(async peer =>
    {
        await peer.SendAsync(start);
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(20));
        while (await timer.WaitForNextTickAsync())
        {
            await peer.SendAsync(again);
        }
    });
}
