using System.Diagnostics;
using System.Net;
using System.Text;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>One fault at one endpoint, with an application that is registered as README shows: what comes of it, and what is told of it.</summary>
internal sealed class Cell : IAsyncDisposable
{
    private const string Secret = "canary-secret";

    // Nothing but the time limit of an attempt may take this long, and where that ends it, it is much shorter.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly Row _row;
    private readonly Endpoint _endpoint;
    private readonly Outcome _expected;
    private readonly FaultServer _elsewhere;
    private readonly FaultServer _server;
    private readonly ServiceProvider _services;
    private readonly Lines _log = new();

    public Cell(Row row, Endpoint endpoint)
    {
        (_row, _endpoint, _expected) = (row, endpoint, row.At(endpoint)!);
        _elsewhere = FaultServer.Start(Fault.Ok());
        _server = FaultServer.Start(row.Fault, endpoint, _elsewhere.Origin);
        _services = Register();
    }

    public async Task CheckAsync()
    {
        long start = Stopwatch.GetTimestamp();
        Exception? exception = await Record.ExceptionAsync(RequestAsync);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);

        if (_expected.IsToken)
        {
            Assert.Null(exception);
        }
        else
        {
            CheckError(Assert.IsType<TokenRequestException>(exception));
        }

        Assert.InRange(elapsed, TimeSpan.Zero, Bound);
        CheckSecrets(_log.Text);
        Assert.All(_server.Requests, request => Assert.DoesNotContain("Cookie:", request, StringComparison.OrdinalIgnoreCase));
        await _services.DisposeAsync();
        await _server.DisposeAsync();
        Assert.Equal(0, _elsewhere.Tries);
        Assert.Equal(_expected.Seen ?? (_endpoint == Endpoint.Token ? _expected.Tries * _row.Fault.Calls : Reads()), _server.Tries);
        if (_endpoint == Endpoint.Discovery && !_expected.IsToken)
        {
            Assert.DoesNotContain(_server.Requests, request => request.StartsWith("POST ", StringComparison.Ordinal));
        }
    }

    /// <summary>Requests tokens as often as the fault says; no error is expected beyond the first.</summary>
    public async Task RequestAsync()
    {
        AccessToken token = await _services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.NotEqual("stolen", token.Value);
        for (int call = 1; call < _row.Fault.Calls; call++)
        {
            token = await _services.GetRequiredService<TokenClient>().RequestTokenAsync("orders");
            Assert.Equal("canary-token", token.Value);
        }
    }

    // A failed read asks each address once, and is not repeated before its back-off ends.
    private int Reads() => Math.Max(1, _server.Requests.Where(request => request.StartsWith("GET ", StringComparison.Ordinal)).Distinct().Count());

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _server.DisposeAsync();
        await _elsewhere.DisposeAsync();
    }

    private ServiceProvider Register()
    {
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log));
        IClientCredentialsBuilder builder = services.AddClientCredentials("orders", options =>
        {
            options.Authority = _endpoint == Endpoint.Discovery ? _server.Origin : null;
            options.TokenEndpoint = _endpoint == Endpoint.Token ? _server.Origin + "/token" : null;
            (options.ClientId, options.ClientSecret, options.MaxRetries) = ("shop", Secret, 1);
            options.AttemptTimeout = _expected.TimesOut ? TimeSpan.FromMilliseconds(250) : Bound;
        });
        if (_row.Fault.IsTls)
        {
            builder.ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = Certificates.Trust() } }));
        }

        return services.BuildServiceProvider();
    }

    private void CheckError(TokenRequestException exception)
    {
        string told = Everything(exception);
        Assert.True(
            (_expected.IsTransient, _expected.Status, _expected.Error) == (exception.IsTransient, (int?)exception.StatusCode, exception.Error),
            $"{exception.IsTransient} {(int?)exception.StatusCode} {exception.Error}: {exception.Message}");
        Assert.Contains(_expected.Says, exception.Message, StringComparison.Ordinal);
        Assert.Equal("orders", exception.ClientName);
        Assert.Equal(_endpoint == Endpoint.Token ? _expected.Tries : 0, exception.Attempts);
        Assert.DoesNotContain("in a pipeline, handler, authentication", told, StringComparison.Ordinal);
        CheckSecrets(told);
    }

    private static void CheckSecrets(string told)
    {
        foreach (string canary in new[] { "canary", Convert.ToBase64String(Encoding.UTF8.GetBytes($"shop:{Secret}")) })
        {
            Assert.DoesNotContain(canary, told, StringComparison.OrdinalIgnoreCase);
        }
    }

    // The whole chain: each exception's text and data; and each message is one line of reasonable length.
    private static string Everything(Exception exception)
    {
        StringBuilder texts = new();
        for (Exception? current = exception; current is not null; current = current.InnerException)
        {
            Assert.DoesNotContain(current.Message, char.IsControl);
            Assert.InRange(current.Message.Length, 1, 1500);
            texts.Append(current).AppendJoin(' ', current.Data.Cast<System.Collections.DictionaryEntry>().Select(entry => $"{entry.Key} {entry.Value}"));
        }

        return texts.ToString();
    }
}
