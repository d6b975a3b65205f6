using Microsoft.Extensions.Http;
using Microsoft.Extensions.Options;

namespace OAuthClientCredentials.HttpClients;

/// <summary>
/// Records every HttpClient that the factory creates, so that its BaseAddress is known when a request is sent. A null name means
/// all HttpClients.
/// </summary>
internal sealed class BaseAddressTracker(string? httpClientName, BaseAddressesByHttpClient baseAddresses)
    : IPostConfigureOptions<HttpClientFactoryOptions>
{
    public void PostConfigure(string? name, HttpClientFactoryOptions options)
    {
        if (httpClientName is null || httpClientName == name)
        {
            options.HttpClientActions.Add(baseAddresses.Of(name ?? "").Add);
        }
    }
}
