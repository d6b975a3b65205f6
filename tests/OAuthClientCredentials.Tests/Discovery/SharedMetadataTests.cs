using System.Net;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>All clients of an issuer share one document, one read at a time and one back-off.</summary>
public sealed class SharedMetadataTests : IDisposable
{
    private const string Issuer = "https://id.example.com";

    private readonly TestTimeProvider _time = new();
    private readonly LogLines _log = new();
    private readonly HttpClient _http;
    private readonly MetadataClient _metadata;
    private Func<CancellationToken, Task<HttpResponseMessage>> _response = _ => Task.FromResult(Document());
    private int _reads;

    public SharedMetadataTests()
    {
        _http = new(new StubHandler((_, cancellationToken) =>
        {
            Interlocked.Increment(ref _reads);
            return _response(cancellationToken);
        }))
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _metadata = new(new EndpointClient(_ => _http, _time), _time, _log);
    }

    public void Dispose()
    {
        _http.Dispose();
        _log.Dispose();
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Twenty_clients_of_an_issuer_read_the_document_once()
    {
        TaskCompletionSource release = new();
        _response = async _ =>
        {
            await release.Task;
            return Document();
        };
        IEnumerable<int> numbers = Enumerable.Range(0, 20);
        Task<ServerMetadata>[] calls = [.. numbers.Select(number => GetAsync(Client($"client{number}", [$"host{number}.example.com"])))];
        release.SetResult();
        Assert.All(await Task.WhenAll(calls), metadata => Assert.Equal("https://id.example.com/token", metadata.TokenEndpoint.AbsoluteUri));
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Each_client_checks_the_document_by_its_own_options()
    {
        RespondWith("https://tokens.example.net/token");
        Assert.Equal("tokens.example.net", (await GetAsync(Client("listed", hosts: ["tokens.example.net"]))).TokenEndpoint.IdnHost);
        TokenRequestException exception = await FailAsync(Client("other"));
        Assert.Contains("Client 'other'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'tokens.example.net'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("AllowedEndpointHosts", exception.Message, StringComparison.Ordinal);
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Refused_document_is_read_again_after_ten_seconds()
    {
        RespondWith("https://tokens.example.net/token");
        await FailAsync(Client("shop"));
        await FailAsync(Client("shop"));
        _response = _ => Task.FromResult(Document());
        _time.Advance(TimeSpan.FromSeconds(11));
        await GetAsync(Client("shop"));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-101")]
    [Trait("Req", "R-183")]
    public async Task Clients_of_an_issuer_share_the_back_off_of_failed_reads()
    {
        Respond503();
        List<double> readAt = [];
        for (double seconds = 0; seconds < 60; seconds += 0.25)
        {
            int before = _reads;
            IEnumerable<ClientSettings> clients = Enumerable.Range(0, 20).Select(number => Client($"client{number}"));
            TokenRequestException[] failures = await Task.WhenAll(clients.Select(FailAsync));
            Assert.Equal(20, failures.Distinct().Count());
            Assert.All(failures, failure =>
            {
                Assert.Contains($"Client '{failure.ClientName}' ", failure.Message, StringComparison.Ordinal);
                Assert.Contains($"ClientCredentials:{failure.ClientName}:Authority", failure.Message, StringComparison.Ordinal);
                Assert.True(failure.IsTransient);
            });
            Assert.InRange(_reads, before, before + 1);
            if (_reads > before)
            {
                readAt.Add(seconds);
            }

            _time.Advance(TimeSpan.FromSeconds(0.25));
        }

        double[] waits = [.. readAt.Skip(1).Zip(readAt, (next, last) => next - last)];
        Assert.InRange(waits[0], 1, 1.5);
        Assert.InRange(waits[1], 2, 2.75);
        Assert.InRange(waits[2], 4, 5.25);
        Assert.All(waits.Skip(3), wait => Assert.InRange(wait, 5, 40));
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Success_ends_the_back_off()
    {
        Respond503();
        await FailAsync(Client("shop"));
        _response = _ => Task.FromResult(Document());
        await FailAsync(Client("shop"));
        _time.Advance(TimeSpan.FromSeconds(1.3));
        await GetAsync(Client("shop"));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Refused_new_document_leaves_the_previous_one_in_use()
    {
        await GetAsync(Client("shop"));
        RespondWith("https://evil.example.org/token");
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal("id.example.com", (await GetAsync(Client("shop"))).TokenEndpoint.IdnHost);
        Assert.Equal("id.example.com", (await GetAsync(Client("shop"))).TokenEndpoint.IdnHost);
        await FailAsync(Client("new", hosts: ["another.example.com"]));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Suspected_document_is_read_again_at_most_every_ten_seconds()
    {
        ClientSettings client = Client("shop");
        await GetAsync(client);
        RespondWith("https://id.example.com/moved");
        List<int> reads = [];
        for (int second = 0; second <= 22; second++)
        {
            _metadata.MarkStale(client);
            ServerMetadata metadata = await GetAsync(client);
            Assert.Equal(second < 10 ? "/token" : "/moved", metadata.TokenEndpoint.AbsolutePath);
            reads.Add(_reads);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((1, 2, 2, 3), (reads[9], reads[10], reads[19], reads[20]));
    }

    [Theory]
    [Trait("Req", "R-183")]
    [InlineData(61 * 60, false)]
    [InlineData(11, true)]
    public async Task Last_document_stays_in_use_while_it_cannot_be_read_again(int seconds, bool isSuspected)
    {
        ClientSettings client = Client("shop");
        await GetAsync(client);
        Respond503();
        _time.Advance(TimeSpan.FromSeconds(seconds));
        for (int read = 2; read < 4; read++)
        {
            for (int call = 0; call < 5; call++)
            {
                if (isSuspected)
                {
                    _metadata.MarkStale(client);
                }

                await GetAsync(client);
            }

            Assert.Equal(read, _reads);
            _time.Advance(TimeSpan.FromSeconds(40));
        }
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Suspecting_has_no_effect_without_a_document()
    {
        _metadata.MarkStale(Client("shop"));
        ClientCredentialsOptions options = new() { TokenEndpoint = TestProvider.TokenEndpoint, ClientId = "shop", ClientSecret = "secret" };
        _metadata.MarkStale(new(new("fixed", "ClientCredentials:fixed", "shop", null, _time), options));
        Respond503();
        await FailAsync(Client("shop"));
        _metadata.MarkStale(Client("shop"));
        await FailAsync(Client("shop"));
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Cancelled_caller_does_not_end_the_read_for_others()
    {
        TaskCompletionSource release = new();
        _response = async cancellationToken =>
        {
            await release.Task.WaitAsync(cancellationToken);
            return Document();
        };
        using CancellationTokenSource impatient = new();
        Task<ServerMetadata> first = _metadata.GetAsync(Client("first"), impatient.Token).AsTask();
        Task<ServerMetadata> second = GetAsync(Client("second"));
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        release.SetResult();
        await second;
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    [Trait("Req", "R-225")]
    public async Task Exception_of_a_handler_is_a_typed_error_for_every_client()
    {
        _response = _ => throw new NotSupportedException("canary");
        TokenRequestException[] failures = [await FailAsync(Client("one")), await FailAsync(Client("two"))];
        Assert.All(failures, failure => Assert.Contains("NotSupportedException", failure.Message, StringComparison.Ordinal));
        Assert.All(failures, failure => Assert.DoesNotContain("canary", failure.ToString(), StringComparison.Ordinal));
        Assert.Equal((1, "one", "two"), (_reads, failures[0].ClientName, failures[1].ClientName));
    }

    private static HttpResponseMessage Document(string endpoint = TestProvider.TokenEndpoint) =>
        Respond.Json(HttpStatusCode.OK, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{endpoint}}"}""");

    private void RespondWith(string endpoint) => _response = _ => Task.FromResult(Document(endpoint));

    private void Respond503() => _response = _ => Task.FromResult(new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));

    private ClientSettings Client(string name, string[]? hosts = null)
    {
        ClientCredentialsOptions options = new() { Authority = Issuer, ClientId = name, ClientSecret = "secret" };
        foreach (string host in hosts ?? [])
        {
            options.AllowedEndpointHosts.Add(host);
        }

        return new(new(name, $"ClientCredentials:{name}", options.ClientId!, options.Authority, _time), options);
    }

    private Task<ServerMetadata> GetAsync(ClientSettings client) => _metadata.GetAsync(client, CancellationToken.None).AsTask();

    private Task<TokenRequestException> FailAsync(ClientSettings client) =>
        Assert.ThrowsAsync<TokenRequestException>(() => GetAsync(client));
}
