using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>One call of AddClientCredentials: a client's name, and the section it is bound to if there is one.</summary>
internal sealed record ClientRegistration(string Name, IConfiguration? Section);

/// <summary>One call of AddClientCredentialsHandler: which client the HttpClient uses.</summary>
internal sealed record HandlerRegistration(string? HttpClientName, string ClientName);
