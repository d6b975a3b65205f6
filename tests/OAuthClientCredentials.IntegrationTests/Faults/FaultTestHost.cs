using System.Collections;
using System.Diagnostics;
using System.Text;
using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>A server with one fault at one endpoint, and an application with one client.</summary>
internal sealed class FaultTestHost : IAsyncDisposable
{
    private const string Secret = "canary-secret";

    // Only the attempt timeout may take this long. Where it does, the test sets a much shorter one.
    private static readonly TimeSpan MaxDuration = TimeSpan.FromSeconds(5);

    private readonly FaultCase _case;
    private readonly Endpoint _endpoint;
    private readonly ExpectedResult _expected;
    private readonly FaultServer _otherServer = new(Fault.Ok());
    private readonly FaultServer _server;
    private readonly ServiceProvider _services;
    private readonly Lines _log = new();

    public FaultTestHost(string name, Endpoint endpoint)
    {
        _case = FaultMatrix.Cases.Single(other => other.Name == name);
        (_endpoint, _expected) = (endpoint, _case.At(endpoint)!);
        _server = new(_case.Fault, endpoint, _otherServer.Origin);
        _services = Register();
    }

    public async Task CheckAsync()
    {
        long start = Stopwatch.GetTimestamp();
        Exception? exception = await Record.ExceptionAsync(RequestAsync);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, MaxDuration);
        if (_expected.IsToken)
        {
            Assert.Null(exception);
        }
        else
        {
            CheckError(Assert.IsType<TokenRequestException>(exception));
        }

        CheckNoSecret(_log.Text);
        Assert.All(_server.Requests, request => Assert.DoesNotContain("Cookie:", request, StringComparison.OrdinalIgnoreCase));
        await DisposeAsync();
        Assert.Equal(0, _otherServer.Attempts);
        Assert.Equal(_expected.Seen ?? ExpectedAttempts(), _server.Attempts);
        if (_endpoint == Endpoint.Discovery && !_expected.IsToken)
        {
            Assert.DoesNotContain(_server.Requests, request => request.StartsWith("POST ", StringComparison.Ordinal));
        }
    }

    /// <summary>Requests as many tokens as the fault specifies. Only the first request may fail.</summary>
    public async Task RequestAsync()
    {
        AccessToken token = await _services.GetRequiredService<ITokenProvider>().GetTokenAsync("orders");
        Assert.NotEqual("stolen", token.Value);
        for (int call = 1; call < _case.Fault.Calls; call++)
        {
            token = await _services.GetRequiredService<TokenClient>().RequestTokenAsync("orders");
            Assert.Equal("canary-token", token.Value);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _server.DisposeAsync();
        await _otherServer.DisposeAsync();
    }

    private int ExpectedAttempts()
    {
        if (_endpoint == Endpoint.Token)
        {
            return _expected.Attempts * _case.Fault.Calls;
        }

        // Discovery requests each metadata address once. After a failure it waits for the back-off.
        return Math.Max(1, _server.Requests.Where(request => request.StartsWith("GET ", StringComparison.Ordinal)).Distinct().Count());
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
            options.AttemptTimeout = _expected.IsTimeout ? TimeSpan.FromMilliseconds(150) : MaxDuration;
        });
        if (_case.Fault.IsTls)
        {
            builder.ConfigureHttpClient(http =>
                http.ConfigurePrimaryHttpMessageHandler(() => TestCertificates.Trusting(FaultMatrix.Authority)));
        }

        return services.BuildServiceProvider();
    }

    private void CheckError(TokenRequestException exception)
    {
        string text = Describe(exception);
        (bool, int?, string?) actual = (exception.IsTransient, (int?)exception.StatusCode, exception.Error);
        Assert.True((_expected.IsTransient, _expected.Status, _expected.Error) == actual, $"{actual}: {exception.Message}");
        Assert.Contains(_expected.Message, exception.Message, StringComparison.Ordinal);
        Assert.Equal("orders", exception.ClientName);
        Assert.Equal(_endpoint == Endpoint.Token ? _expected.Attempts : 0, exception.Attempts);

        // A fault of the server is not reported as a mistake in the application's code.
        Assert.DoesNotContain("was thrown in your", text, StringComparison.Ordinal);
        Assert.DoesNotContain("your handler threw", text, StringComparison.Ordinal);
        CheckNoSecret(text);
    }

    private static void CheckNoSecret(string text)
    {
        Assert.DoesNotContain("canary", text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"shop:{Secret}")), text, StringComparison.OrdinalIgnoreCase);
    }

    // The text and data of each exception in the chain. Each message is one line of at most 1,500 characters.
    private static string Describe(Exception exception)
    {
        StringBuilder texts = new();
        for (Exception? current = exception; current is not null; current = current.InnerException)
        {
            Assert.DoesNotContain(current.Message, char.IsControl);
            Assert.InRange(current.Message.Length, 1, 1500);
            texts.Append(current).AppendJoin(' ', current.Data.Cast<DictionaryEntry>().Select(entry => $"{entry.Key} {entry.Value}"));
        }

        return texts.ToString();
    }
}
