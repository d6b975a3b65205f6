using System.Net;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Discovery;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Discovery;

/// <summary>All clients of an issuer share one document, one read and one back-off.</summary>
public sealed class SharedMetadataTests : IDisposable
{
    private const string Issuer = "https://id.example.com";
    private const string Endpoint = "https://id.example.com/token";

    private readonly TestTimeProvider _time = new();
    private readonly LogLines _log = new();
    private readonly HttpClient _http;
    private readonly MetadataClient _metadata;
    private Func<CancellationToken, Task<HttpResponseMessage>> _answer = _ => Task.FromResult(Document());
    private int _reads;

    public SharedMetadataTests()
    {
        _http = new(new Caching.HostileHandler((_, cancellationToken) =>
        {
            Interlocked.Increment(ref _reads);
            return _answer(cancellationToken);
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
    public async Task Twenty_clients_of_an_issuer_make_one_read()
    {
        TaskCompletionSource release = new();
        _answer = async _ =>
        {
            await release.Task;
            return Document();
        };
        IEnumerable<ClientSettings> clients = Enumerable.Range(0, 20).Select(number => Client($"client{number}", [$"host{number}.example.com"]));
        Task<ServerMetadata>[] calls = [.. clients.Select(GetAsync)];
        release.SetResult();
        Assert.All(await Task.WhenAll(calls), metadata => Assert.Equal("https://id.example.com/token", metadata.TokenEndpoint.AbsoluteUri));
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task What_one_client_accepts_is_not_accepted_for_another()
    {
        Answer(HttpStatusCode.OK, "https://tokens.example.net/token");
        Assert.Equal("tokens.example.net", (await GetAsync(Client("listed", hosts: ["tokens.example.net"]))).TokenEndpoint.IdnHost);
        TokenRequestException exception = await FailAsync(Client("other"));
        Assert.Contains("Client 'other'", exception.Message, StringComparison.Ordinal);
        Assert.Contains(
            "its token_endpoint is on another host than the issuer. If 'tokens.example.net' is right, add it to AllowedEndpointHosts",
            exception.Message,
            StringComparison.Ordinal);
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_document_that_a_client_cannot_accept_is_read_again_after_ten_seconds()
    {
        Answer(HttpStatusCode.OK, "https://tokens.example.net/token");
        await FailAsync(Client("shop"));
        await FailAsync(Client("shop"));
        _answer = _ => Task.FromResult(Document());
        _time.Advance(TimeSpan.FromSeconds(11));
        await GetAsync(Client("shop"));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-101")]
    [Trait("Req", "R-183")]
    public async Task Failed_reads_back_off_for_all_clients_of_the_issuer_together()
    {
        Answer(HttpStatusCode.ServiceUnavailable);
        List<double> readAt = [];
        for (double seconds = 0; seconds < 60; seconds += 0.25)
        {
            int before = _reads;
            IEnumerable<ClientSettings> clients = Enumerable.Range(0, 20).Select(number => Client($"client{number}"));
            TokenRequestException[] failures = await Task.WhenAll(clients.Select(FailAsync));
            Assert.Equal(20, failures.Distinct().Count());
            Assert.All(
                failures,
                failure => Assert.StartsWith($"Client '{failure.ClientName}' ", failure.Message, StringComparison.Ordinal));
            Assert.All(
                failures,
                failure => Assert.Contains($"ClientCredentials:{failure.ClientName}:Authority", failure.Message, StringComparison.Ordinal));
            Assert.All(failures, failure => Assert.True(failure.IsTransient));
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
    public async Task A_hundred_cold_scopes_at_a_server_that_fails_make_few_reads()
    {
        Answer(HttpStatusCode.ServiceUnavailable);
        using HttpMessageInvoker answers = new(new Caching.HostileHandler((_, cancellationToken) => _answer(cancellationToken)));
        Caching.HostileHandler handler = new((request, cancellationToken) =>
        {
            Interlocked.Increment(ref _reads);
            return answers.SendAsync(request, cancellationToken);
        });
        await using TokenProvider tokens = Caching.Hostile.Create(
            options => (options.Authority, options.TokenEndpoint, options.MaxRetries) = (Issuer, null, 2),
            handler,
            _time);
        Task<TokenRequestException>[] calls =
        [
            .. Enumerable.Range(0, 100).Select(number => Assert.ThrowsAsync<TokenRequestException>(
                () => tokens.GetTokenAsync(request: new() { Scopes = [$"scope{number}"] }).AsTask())),
        ];
        await Caching.Hostile.PassAsync(_time, Task.WhenAll(calls), TimeSpan.FromSeconds(10));

        // The second retry comes up to one and a half seconds after the first attempt, when the back-off of one second is over.
        Assert.InRange(_reads, 1, 5);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_success_ends_the_back_off()
    {
        Answer(HttpStatusCode.ServiceUnavailable);
        await FailAsync(Client("shop"));
        _answer = _ => Task.FromResult(Document());
        await FailAsync(Client("shop"));
        _time.Advance(TimeSpan.FromSeconds(1.3));
        await GetAsync(Client("shop"));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task The_first_failed_read_after_a_success_does_not_lose_the_document()
    {
        await GetAsync(Client("shop"));
        Answer(HttpStatusCode.ServiceUnavailable);
        _time.Advance(TimeSpan.FromMinutes(61));
        for (int call = 0; call < 10; call++)
        {
            await GetAsync(Client("shop"));
        }

        Assert.Equal(2, _reads);
        _time.Advance(TimeSpan.FromSeconds(40));
        await GetAsync(Client("shop"));
        Assert.Equal(3, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_new_document_that_a_client_cannot_accept_leaves_it_the_former()
    {
        await GetAsync(Client("shop"));
        Answer(HttpStatusCode.OK, "https://evil.example.org/token");
        _time.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal("id.example.com", (await GetAsync(Client("shop"))).TokenEndpoint.IdnHost);
        Assert.Equal("id.example.com", (await GetAsync(Client("shop"))).TokenEndpoint.IdnHost);
        await FailAsync(Client("new", hosts: ["another.example.com"]));
        Assert.Equal(2, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_suspected_document_is_read_again_at_most_every_ten_seconds()
    {
        ClientSettings client = Client("shop");
        await GetAsync(client);
        Answer(HttpStatusCode.OK, "https://id.example.com/moved");
        List<int> reads = [];
        for (int second = 0; second <= 22; second++)
        {
            _metadata.Suspect(client);
            ServerMetadata metadata = await GetAsync(client);
            Assert.Equal(second < 10 ? "/token" : "/moved", metadata.TokenEndpoint.AbsolutePath);
            reads.Add(_reads);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((1, 2, 2, 3), (reads[9], reads[10], reads[19], reads[20]));
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_suspected_document_stays_in_use_while_it_cannot_be_read_again()
    {
        ClientSettings client = Client("shop");
        await GetAsync(client);
        Answer(HttpStatusCode.BadGateway);
        _time.Advance(TimeSpan.FromSeconds(11));
        _metadata.Suspect(client);
        await GetAsync(client);
        await GetAsync(client);
        Assert.Equal(2, _reads);
        _metadata.Suspect(client);
        _time.Advance(TimeSpan.FromSeconds(11));
        await GetAsync(client);
        Assert.Equal(3, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task Suspecting_what_was_never_read_or_is_not_discovered_does_nothing()
    {
        _metadata.Suspect(Client("shop"));
        ClientCredentialsOptions options = new() { TokenEndpoint = OneClient.Endpoint, ClientId = "shop", ClientSecret = "secret" };
        _metadata.Suspect(new(new("fixed", "ClientCredentials:fixed", "shop", null, _time), options));
        Answer(HttpStatusCode.ServiceUnavailable);
        await FailAsync(Client("shop"));
        _metadata.Suspect(Client("shop"));
        await FailAsync(Client("shop"));
        Assert.Equal(1, _reads);
    }

    [Fact]
    [Trait("Req", "R-183")]
    public async Task A_waiter_that_gives_up_does_not_end_the_read_for_the_others()
    {
        TaskCompletionSource release = new();
        _answer = async cancellationToken =>
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
    public async Task A_handler_that_throws_anything_is_a_typed_error_for_every_client()
    {
        _answer = _ => throw new NotSupportedException("canary");
        TokenRequestException[] failures = [await FailAsync(Client("one")), await FailAsync(Client("two"))];
        Assert.All(
            failures,
            failure => Assert.Contains("your handler threw NotSupportedException", failure.Message, StringComparison.Ordinal));
        Assert.All(failures, failure => Assert.DoesNotContain("canary", failure.ToString(), StringComparison.Ordinal));
        Assert.Equal((1, "one", "two"), (_reads, failures[0].ClientName, failures[1].ClientName));
    }

    private static HttpResponseMessage Document(HttpStatusCode status = HttpStatusCode.OK, string endpoint = Endpoint) =>
        Respond.Json(status, $$"""{"issuer":"{{Issuer}}","token_endpoint":"{{endpoint}}"}""");

    private void Answer(HttpStatusCode status, string endpoint = Endpoint) => _answer = _ => Task.FromResult(Document(status, endpoint));

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
