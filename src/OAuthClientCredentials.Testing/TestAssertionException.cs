namespace OAuthClientCredentials.Testing;

/// <summary>A test expected other token requests than those that came. The message lists what came, without any secret.</summary>
public sealed class TestAssertionException : Exception
{
    /// <summary>Makes one.</summary>
    public TestAssertionException()
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What was expected, and what came.</param>
    public TestAssertionException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="message">What was expected, and what came.</param>
    /// <param name="innerException">The cause.</param>
    public TestAssertionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
