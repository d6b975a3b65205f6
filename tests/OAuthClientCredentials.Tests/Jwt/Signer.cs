using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Jwt;

/// <summary>An application with one client that signs its assertions, and what the server receives of them.</summary>
internal sealed class Signer : IDisposable
{
    public const string Issuer = "https://id.example.com/tenant/";

    private readonly ServiceProvider _services;
    private readonly LogLines _log = new();

    public Signer(params Action<ClientCredentialsOptions>[] clients)
    {
        ServiceCollection services = new();
        services.AddSingleton<TimeProvider>(Time);
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log));
        IClientCredentialsBuilder builder = services.AddClientCredentials("other", options => (options.TokenEndpoint, options.ClientId, options.AuthenticationMethod) = ("https://id.example.com/token", "other", "none"));
        for (int index = 0; index < clients.Length; index++)
        {
            builder = services.AddClientCredentials($"{index}", options => (options.TokenEndpoint, options.Authority, options.ClientId, options.MaxRetries) = ("https://id.example.com/token", Issuer, "shop", 0));
            services.Configure($"{index}", clients[index]);
        }

        builder.AddJwtAuthentication().ConfigureHttpClient(http => http.ConfigurePrimaryHttpMessageHandler(() => new Receiver(this)));
        _services = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    public TestTimeProvider Time { get; } = new();

    public List<Dictionary<string, string>> Forms { get; } = [];

    public Queue<HttpStatusCode> Statuses { get; } = [];

    public string Log => string.Join('\n', _log.Lines);

    public async Task<Signed> SignAsync(string client = "0")
    {
        await _services.GetRequiredService<TokenClient>().RequestTokenAsync(client);
        return Signed.In(Forms[^1]);
    }

    public Task<TokenRequestException> FailAsync() => Assert.ThrowsAsync<TokenRequestException>(() => SignAsync());

    /// <summary>What the host says at start, or nothing.</summary>
    public string Start()
    {
        try
        {
            _services.GetRequiredService<IStartupValidator>().Validate();
            return "";
        }
        catch (OptionsValidationException exception)
        {
            return exception.Message;
        }
    }

    public void Dispose()
    {
        _services.Dispose();
        _log.Dispose();
    }

    private sealed class Receiver(Signer signer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Null(request.Headers.Authorization);
            string body = await request.Content!.ReadAsStringAsync(cancellationToken);
            signer.Forms.Add(body.Split('&').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => WebUtility.UrlDecode(pair[1])));
            HttpStatusCode status = signer.Statuses.TryDequeue(out HttpStatusCode next) ? next : HttpStatusCode.OK;
            string answer = status switch
            {
                HttpStatusCode.OK => """{"access_token":"abc","expires_in":60}""",
                HttpStatusCode.Unauthorized => """{"error":"invalid_client"}""",
                _ => "",
            };
            return new(status) { Content = new StringContent(answer, Encoding.UTF8, "application/json") };
        }
    }
}
