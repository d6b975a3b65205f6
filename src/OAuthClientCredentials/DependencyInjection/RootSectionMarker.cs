namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Registered if AddClientCredentials was called without parameters.</summary>
internal sealed class RootSectionMarker;
