namespace OAuthClientCredentials;

/// <summary>A request was not sent, because the access token may not be sent to its address.</summary>
public sealed class OriginNotAllowedException : InvalidOperationException
{
    /// <summary>Creates an exception without details.</summary>
    public OriginNotAllowedException()
    {
    }

    /// <summary>Creates an exception with a message.</summary>
    /// <param name="message">Names the origin and what to change.</param>
    public OriginNotAllowedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with a message and a cause.</summary>
    /// <param name="message">Names the origin and what to change.</param>
    /// <param name="innerException">The cause.</param>
    public OriginNotAllowedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
