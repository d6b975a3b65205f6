using Microsoft.Extensions.Options;
using OAuthClientCredentials.Configuration;

namespace OAuthClientCredentials.DependencyInjection;

/// <summary>Nothing but a hook: the host validates it at start, and with it every client that is known by then (R-222).</summary>
internal sealed class StartupCheck;

internal sealed class StartupCheckValidator(
    ClientDirectory directory,
    ClientRegistry registry,
    IEnumerable<HandlerRegistration> handlers) : IValidateOptions<StartupCheck>
{
    public ValidateOptionsResult Validate(string? name, StartupCheck options)
    {
        List<string> failures = [];
        foreach (string client in directory.Names.Concat(handlers.Select(handler => registry.Resolve(handler.ClientName))).Distinct(StringComparer.Ordinal))
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

    // R-344
    private IEnumerable<string> TwoHandlers() =>
        from handler in handlers
        where handler.HttpClientName is not null
        group handler.ClientName by handler.HttpClientName into used
        let clients = used.Distinct(StringComparer.Ordinal).ToArray()
        where clients.Length > 1
        select $"The HttpClient '{used.Key}' has AddClientCredentialsHandler for the clients {string.Join(" and ", clients.Select(client => $"'{client}'"))}. Keep one.";
}
