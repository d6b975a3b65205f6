using System.Buffers;

namespace OAuthClientCredentials.Wire;

internal static class BoundedReader
{
    // HttpClient's own limit is ignored with ResponseHeadersRead, and Content-Length may lie: count what really comes.
    public static async ValueTask<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(4096, limit + 1));
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (true)
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(length, Math.Min(buffer.Length, limit + 1) - length), cancellationToken).ConfigureAwait(false);
                    length += read;
                    if (read == 0)
                    {
                        return buffer[..length];
                    }

                    if (length > limit)
                    {
                        return null;
                    }

                    buffer = length == buffer.Length ? Grow(buffer, length) : buffer;
                }
            }
        }
        finally
        {
            Return(buffer, length);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(length * 2);
        buffer.AsSpan(0, length).CopyTo(larger);
        Return(buffer, length);
        return larger;
    }

    // a pooled buffer held a token; the next renter must not find it.
    private static void Return(byte[] buffer, int length)
    {
        buffer.AsSpan(0, length).Clear();
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
