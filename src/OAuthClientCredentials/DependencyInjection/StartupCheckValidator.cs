using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Validates every client that is known at startup, and that no HttpClient has two handlers.</summary>
internal sealed class StartupCheckValidator(
    ConfiguredClients configured,
    ClientSettingsProvider settings,
    IEnumerable<HandlerRegistration> handlers) : IValidateOptions<StartupCheck>
{
    public ValidateOptionsResult Validate(string? name, StartupCheck options)
    {
        List<string> failures = [];
        IEnumerable<string> used = handlers.Select(handler => settings.Resolve(handler.ClientName));
        foreach (string client in configured.Names.Union(used, StringComparer.Ordinal))
        {
            try
            {
                _ = settings.Get(client);
            }
            catch (OptionsValidationException exception)
            {
                failures.AddRange(exception.Failures);
            }
        }

        failures.AddRange(FindTwoHandlers());
        if (failures.Count > 0)
        {
            return ValidateOptionsResult.Fail(failures);
        }

        return ValidateOptionsResult.Success;
    }

    // An HttpClient sends the tokens of one client. A handler in the defaults of all HttpClients is replaced by one on a single
    // HttpClient.
    private IEnumerable<string> FindTwoHandlers() =>
        from handler in handlers
        group handler.ClientName by handler.HttpClientName into used
        let clients = used.Distinct(StringComparer.Ordinal).Select(client => $"'{client}'").ToArray()
        where clients.Length > 1
        let names = string.Join(" and ", clients)
        let owner = used.Key is null ? "The defaults of all HttpClients have" : $"The HttpClient '{used.Key}' has"
        select $"{owner} AddClientCredentialsHandler for the clients {names}. Keep one.";
}
