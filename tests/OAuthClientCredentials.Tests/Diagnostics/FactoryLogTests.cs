using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>The HttpClient factory logs headers at Trace. It redacts the text, but not each part of an entry.</summary>
public sealed class FactoryLogTests
{
    private const string Canary = "canary-7Qx";

    [Theory]
    [Trait("Req", "R-213")]
    [InlineData("as registered")]
    [InlineData("redacts another header")]
    [InlineData("redacts nothing of token requests")]
    [InlineData("is retried")]
    public async Task No_part_of_an_entry_holds_a_secret_or_token_when_your_HttpClient(string variant)
    {
        using LogParts log = new();
        using StubHandler echo = new(request => new() { Content = new StringContent($"{request.Headers.Authorization}") });
        TestAuthorizationServer server = new();
        server.Always(TestResponse.Token(value: Canary + "-token"));
        ServiceCollection services = new();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(log));
        TestProvider.AddClient(services, "", options => options.ClientSecret = Canary);
        IHttpClientBuilder api = services.AddHttpClient("api", client => client.BaseAddress = new("https://api.example.com"));
        if (variant == "is retried")
        {
            api.AddHttpMessageHandler(() => new SendTwice());
        }

        api.AddClientCredentialsHandler().ConfigurePrimaryHttpMessageHandler(() => echo);
        if (variant != "as registered")
        {
            api.RedactLoggedHeaders(["X-Key"]);
        }

        if (variant == "redacts nothing of token requests")
        {
            services.Configure<HttpClientFactoryOptions>(
                TokenClient.HttpClientName,
                options => options.ShouldRedactHeaderValue = _ => false);
        }

        await using ServiceProvider provider = services.UseTestAuthorizationServer(server).BuildServiceProvider();
        HttpClient client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("api");
        Assert.Equal($"Bearer {Canary}-token", await client.GetStringAsync("/"));
        string basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"shop:{Canary}"));
        Assert.Contains(log.Parts, part => part.Contains("GET", StringComparison.Ordinal));
        Assert.All(log.Parts, part => Assert.DoesNotContain(Canary, part, StringComparison.Ordinal));
        Assert.All(log.Parts, part => Assert.DoesNotContain(basic, part, StringComparison.Ordinal));
    }

    private sealed class SendTwice : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (await base.SendAsync(request, cancellationToken)).Dispose();
            return await base.SendAsync(request, cancellationToken);
        }
    }
}
