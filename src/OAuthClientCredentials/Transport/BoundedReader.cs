using System.Buffers;

namespace OAuthClientCredentials.Transport;

internal static class BoundedReader
{
    /// <summary>Reads a body. Returns null if it is larger than the limit, or its Content-Length is .</summary>
    /// <remarks>The bytes are counted: HttpClient has no limit with ResponseHeadersRead, and Content-Length may be wrong.</remarks>
    public static async ValueTask<byte[]?> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        // Reading a body that is too large could last until the timeout, and the request would then be retried.
        if (content.Headers.ContentLength > limit)
        {
            return null;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(4096, limit + 1));
        int length = 0;
        try
        {
            Stream stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                while (true)
                {
                    Memory<byte> free = buffer.AsMemory(length, Math.Min(buffer.Length, limit + 1) - length);
                    int read = await stream.ReadAsync(free, cancellationToken).ConfigureAwait(false);
                    length += read;
                    if (read == 0)
                    {
                        return buffer[..length];
                    }

                    if (length > limit)
                    {
                        return null;
                    }

                    if (length == buffer.Length)
                    {
                        buffer = Grow(buffer, length);
                    }
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

    // The buffer contained a token, which the next user of the pool must not see.
    private static void Return(byte[] buffer, int length)
    {
        buffer.AsSpan(0, length).Clear();
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
