namespace OAuthClientCredentials.Testing;

/// <summary>
/// Thrown when a <see cref="TestAuthorizationServer"/> did not receive the expected token requests. The message lists the received requests
/// without secrets.
/// </summary>
public sealed class TestAssertionException : Exception
{
    /// <summary>Initializes a new instance of the <see cref="TestAssertionException"/> class.</summary>
    public TestAssertionException()
    {
    }

    /// <summary>Initializes a new instance of the <see cref="TestAssertionException"/> class with a message.</summary>
    /// <param name="message">The expected and the received requests.</param>
    public TestAssertionException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes a new instance of the <see cref="TestAssertionException"/> class with a message and a cause.</summary>
    /// <param name="message">The expected and the received requests.</param>
    /// <param name="innerException">The cause.</param>
    public TestAssertionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
