using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>A call of AddClientCredentials: the name of the client, and its configuration section if there is one.</summary>
internal sealed record ClientRegistration(string Name, IConfiguration? Section);

/// <summary>A call of AddClientCredentialsHandler: the name of the HttpClient and the name of its client.</summary>
internal sealed record HandlerRegistration(string? HttpClientName, string ClientName);
