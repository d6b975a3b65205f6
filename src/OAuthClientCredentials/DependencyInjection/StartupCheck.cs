using Microsoft.Extensions.Options;
using OAuthClientCredentials.Clients;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Empty options that the host validates at start, and with them every client that is known by then .</summary>
internal sealed class StartupCheck;

internal sealed class StartupCheckValidator(
    ConfiguredClients directory,
    ClientSettingsProvider registry,
    IEnumerable<HandlerRegistration> handlers) : IValidateOptions<StartupCheck>
{
    public ValidateOptionsResult Validate(string? name, StartupCheck options)
    {
        List<string> failures = [];
        IEnumerable<string> used = handlers.Select(handler => registry.Resolve(handler.ClientName));
        foreach (string client in directory.Names.Union(used, StringComparer.Ordinal))
        {
            try
            {
                _ = registry.Get(client);
            }
            catch (OptionsValidationException exception)
            {
                failures.AddRange(exception.Failures);
            }
        }

        failures.AddRange(TwoHandlers());
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    // One HttpClient sends the token of one client.
    private IEnumerable<string> TwoHandlers() =>
        from handler in handlers
        where handler.HttpClientName is not null
        group handler.ClientName by handler.HttpClientName into used
        let clients = used.Distinct(StringComparer.Ordinal).Select(client => $"'{client}'").ToArray()
        where clients.Length > 1
        let names = string.Join(" and ", clients)
        select $"The HttpClient '{used.Key}' has AddClientCredentialsHandler for the clients {names}. Keep one.";
}
