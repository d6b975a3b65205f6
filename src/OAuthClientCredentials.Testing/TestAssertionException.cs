namespace OAuthClientCredentials.Testing;

/// <summary>
/// Thrown when a <see cref="TestAuthorizationServer"/> did not receive the expected token requests: the message lists the received requests
/// without secrets. Also thrown when a task did not complete while a <see cref="TestTimeProvider"/> advanced.
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

    internal static TestAssertionException For(
        IReadOnlyList<TestTokenRequest> requests,
        int expected,
        int found,
        string description)
    {
        string noun = expected == 1 ? "token request" : "token requests";
        if (!string.IsNullOrEmpty(description))
        {
            noun += $" with {description}";
        }

        string message = $"Expected {expected} {noun}, but received {found}.";
        if (requests.Count == 0)
        {
            return new($"{message} No token request was received.");
        }

        return new($"{message} Received requests:\n{string.Join('\n', requests.Select(request => $"  {request}"))}");
    }
}
