using System.Diagnostics.Metrics;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>What a token request ended with.</summary>
internal sealed record Outcome(string Message, bool IsTransient, int Attempts)
{
    public string? ErrorType { get; init; }

    /// <summary>Checks each part of the message, and the rest. Returns a row of the table.</summary>
    public string Check(string name, string errorType, bool isTransient, int attempts, params string[] parts)
    {
        Assert.All(parts, part => Assert.Contains(part, Message, StringComparison.Ordinal));
        Assert.Equal((errorType, isTransient, attempts), (ErrorType, IsTransient, Attempts));
        return $"| {name} | {Message} | `{ErrorType}` | {IsTransient} | {Attempts} |";
    }
}

/// <summary>Requests a token with dependency injection and without it. The two must end alike.</summary>
internal sealed class SpeakerClient
{
    public required string Address { get; init; }

    public bool AtDiscovery { get; init; }

    /// <summary>Whether the root of the server's certificate is trusted.</summary>
    public bool Trusts { get; init; } = true;

    /// <summary>The file of a client certificate, and the certificate.</summary>
    public (string File, X509Certificate2 Certificate)? Certificate { get; init; }

    public Action<SocketsHttpHandler>? ConfigureHandler { get; init; }

    public async Task<Outcome> FailAsync()
    {
        Outcome with = await WithDependencyInjectionAsync();
        if (AtDiscovery)
        {
            // No token request is sent, because the metadata is missing.
            Assert.Equal(0, with.Attempts);
        }

        Outcome without = await WithoutDependencyInjectionAsync();
        Assert.Equal(with, without with { ErrorType = with.ErrorType });
        return with;
    }

    private async Task<Outcome> WithDependencyInjectionAsync()
    {
        ServiceCollection services = new();
        services.AddClientCredentials(options =>
        {
            Configure(options);
            (options.CertificateFile, options.CertificateBoundTokens) = (Certificate?.File, Certificate is not null);
        }).ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(CreateHandler));
        await using ServiceProvider provider = services.BuildServiceProvider();
        string? errorType = null;
        using MeterListener listener = new();
        IMeterFactory factory = provider.GetRequiredService<IMeterFactory>();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Name == "oauth.client.token_request.duration" && instrument.Meter.Scope == factory)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
            errorType = tags.ToArray().FirstOrDefault(tag => tag.Key == "error.type").Value as string);
        listener.Start();
        return await FailAsync(provider.GetRequiredService<ITokenProvider>()) with { ErrorType = errorType };
    }

    private async Task<Outcome> WithoutDependencyInjectionAsync()
    {
        using SocketsHttpHandler handler = CreateHandler();
        if (Certificate is { } client)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(client.Certificate, null, offline: true);
        }

        await using TokenProvider provider = TokenProvider.Create(Configure, handler);
        return await FailAsync(provider);
    }

    private static async Task<Outcome> FailAsync(ITokenProvider provider)
    {
        TokenRequestException exception = await Assert.ThrowsAsync<TokenRequestException>(async () => await provider.GetTokenAsync());

        // The time of the next attempt differs.
        string message = exception.Message.Split(" The next attempt is made at ")[0];
        return new(message, exception.IsTransient, exception.Attempts);
    }

    private void Configure(ClientCredentialsOptions options)
    {
        (options.ClientId, options.ClientSecret, options.MaxRetries) = ("shop", "canary", 1);
        options.AuthenticationMethod = "client_secret_basic";
        if (AtDiscovery)
        {
            (options.Authority, options.MetadataAddress) = (Address, Address);
        }
        else
        {
            options.TokenEndpoint = Address;
        }
    }

    private SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = Trusts ? TestCertificates.Trusting(SpeakerCertificates.Root) : new();
        ConfigureHandler?.Invoke(handler);
        return handler;
    }
}
