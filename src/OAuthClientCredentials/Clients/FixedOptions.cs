using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Authentication;

namespace OAuthClientCredentials.Clients;

/// <summary>The options of the default client, for a provider without dependency injection. They never change.</summary>
internal sealed class FixedOptions(ClientCredentialsOptions options) : IOptionsMonitor<ClientCredentialsOptions>
{
    // The type is found by name: it is in the testing package, which this one does not reference.
    private const string TestClock = "OAuthClientCredentials.Testing.TestTimeProvider";

    public ClientCredentialsOptions CurrentValue => options;

    /// <exception cref="OptionsValidationException">The options are not valid.</exception>
    public static ClientSettingsProvider CreateSettings(
        Action<ClientCredentialsOptions> configure,
        HttpMessageHandler? handler,
        TimeProvider timeProvider,
        ILogger logger)
    {
        ClientCredentialsOptions options = new();
        if (timeProvider.GetType().FullName == TestClock)
        {
            // This clock stands still during a call, so that a wait between two attempts would never end.
            options.MaxRetries = 0;
        }

        configure(options);
        Fapi2Profile.Apply(options);
        ConfiguredClients clients = new([new(Options.DefaultName, null)], null);
        ValidateOptionsResult validation = Validate(options, handler, clients);
        if (validation.Failed)
        {
            throw new OptionsValidationException(Options.DefaultName, typeof(ClientCredentialsOptions), validation.Failures);
        }

        return new(new FixedOptions(options), null, clients, timeProvider, logger);
    }

    public ClientCredentialsOptions Get(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return options;
        }

        string problem = $"Client '{name}' does not exist. A provider made by TokenProvider.Create has only the default client.";
        throw new OptionsValidationException(name, typeof(ClientCredentialsOptions), [problem]);
    }

    public IDisposable? OnChange(Action<ClientCredentialsOptions, string?> listener) => null;

    // A provider without dependency injection has no host that starts and stops it.
    private static ValidateOptionsResult Validate(
        ClientCredentialsOptions options,
        HttpMessageHandler? handler,
        ConfiguredClients clients)
    {
        if (options.WarmUp != WarmUp.Off || options.KeepWarm)
        {
            const string Problem = "WarmUp and KeepWarm need a host, and a provider made by TokenProvider.Create has none. Remove them, "
                + "or register the client with AddClientCredentials in the services of a host.";
            return ValidateOptionsResult.Fail(Problem);
        }

        if (handler is not null && AuthenticationMethods.UsesMutualTls(options))
        {
            // The library does not change the certificates of a handler that it did not create.
            const string Problem = "The client certificate (CertificateFile, CertificateThumbprint or UseCertificate) is not used, because "
                + "TokenProvider.Create has your own handler. Pass no handler, so that the library shows the certificate. Or set the "
                + "certificate on your handler, remove it here, and set AuthenticationMethod to none, which sends only the client id.";
            return ValidateOptionsResult.Fail(Problem);
        }

        return new ClientCredentialsOptionsValidator(clients).Validate(Options.DefaultName, options);
    }
}
