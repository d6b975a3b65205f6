namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Empty options. The host validates them at startup, and with them every client that is known by then .</summary>
internal sealed class StartupCheck;
