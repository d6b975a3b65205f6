namespace OAuthClientCredentials.OutageRun;

/// <summary>The run cannot continue. The message is the reason in the last line of the output.</summary>
internal sealed class OutageRunException(string message) : Exception(message);
