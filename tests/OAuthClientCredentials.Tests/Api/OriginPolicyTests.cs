using OAuthClientCredentials.Api;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Api;

public sealed class OriginPolicyTests
{
    private static readonly Uri Api = new("https://api.example.com/orders");
    private static readonly Uri Other = new("https://other.example.com/orders");

    private readonly BaseAddresses _baseAddresses = new();

    [Fact]
    [Trait("Req", "R-110")]
    public void AllowedOrigins_replace_the_base_address()
    {
        _baseAddresses.Add(ClientAt(Other));
        OriginPolicy policy = Policy("https://api.example.com");
        Assert.Null(Refuse(policy, Api));
        Assert.Contains("not one of AllowedOrigins", Refuse(policy, Other), StringComparison.Ordinal);
        Assert.Null(Refuse(policy, Api));
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void The_base_address_is_allowed_without_AllowedOrigins()
    {
        _baseAddresses.Add(ClientAt(Api));
        Assert.Null(Refuse(Policy(), Api));
        Assert.Contains("BaseAddress", Refuse(Policy(), Other), StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void Every_origin_is_refused_without_AllowedOrigins_and_BaseAddress()
    {
        OriginPolicy policy = Policy();
        Assert.Contains("no HttpClient with a BaseAddress was created under this name", Refuse(policy, Api), StringComparison.Ordinal);
        _baseAddresses.Add(ClientAt(Api));
        Assert.Null(Refuse(policy, Api));
    }

    [Theory]
    [Trait("Req", "R-110")]
    [InlineData("https://other.example.com/orders", "", "", "o => o.AllowedOrigins = [\"https://other.example.com\"])")]
    [InlineData("wss://other.example.com/orders", "", "", "[\"https://other.example.com\"]")]
    [InlineData("https://user:pass@other.example.com:8443/", "", "", "[\"https://other.example.com:8443\"]")]
    [InlineData("https://[::1]:8443/", "", "", "[\"https://[::1]:8443\"]")]
    [InlineData("https://b\u00fccher.example/", "", "", "[\"https://xn--bcher-kva.example\"]")]
    [InlineData(
        "https://other.example.com/",
        "https://api.example.com/v1/",
        "",
        "[\"https://api.example.com\", \"https://other.example.com\"]")]
    [InlineData("https://other.example.com/", "https+http://orders", "", "[\"https+http://orders\", \"https://other.example.com\"]")]
    [InlineData(
        "https://other.example.com/",
        "https://api.example.com/",
        "https://*.example.org",
        "[\"https://*.example.org\", \"https://other.example.com\"]")]
    public void A_refusal_prints_a_valid_line_to_add(string called, string baseAddress, string listed, string line)
    {
        if (baseAddress.Length > 0)
        {
            _baseAddresses.Add(ClientAt(new(baseAddress)));
        }

        string refusal = Refuse(listed.Length > 0 ? Policy(listed) : Policy(), new(called))!;
        Assert.Contains("AddClientCredentialsHandler(\"orders\", o => o.AllowedOrigins = [", refusal, StringComparison.Ordinal);
        Assert.Contains(line, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("pass", refusal, StringComparison.Ordinal);
        string[] printed = [.. refusal.Split("AllowedOrigins = ")[1].Split('"').Where((_, index) => index % 2 == 1)];
        Assert.Null(Refuse(Policy(printed), new(called)));
    }

    [Theory]
    [Trait("Req", "R-110")]
    [InlineData("https://any.example.com/", true)]
    [InlineData("https://any.example.com:8443/", true)]
    [InlineData("wss://any.example.com/", true)]
    [InlineData("http://127.0.0.1/", false)]
    [InlineData("http://any.example.com/", false)]
    public void A_wildcard_allows_any_https_origin(string called, bool isAllowed) =>
        Assert.Equal(isAllowed, Refuse(Policy("https://*"), new(called)) is null);

    [Theory]
    [Trait("Req", "R-110")]
    [InlineData("https://api.example.com", "wss://api.example.com/socket")]
    [InlineData("wss://api.example.com", "https://api.example.com/orders")]
    [InlineData("http://127.0.0.1:8080", "ws://127.0.0.1:8080/socket")]
    public void WebSocket_schemes_are_treated_as_http_and_https(string origin, string called)
    {
        Assert.Null(Refuse(Policy(origin), new(called)));
        _baseAddresses.Add(ClientAt(new(origin)));
        Assert.Null(Refuse(Policy(), new(called)));
    }

    [Theory]
    [Trait("Req", "R-004")]
    [InlineData("http://api.example.com/", (int)PlainHttp.Loopback, false)]
    [InlineData("http://api.example.com/", (int)PlainHttp.Everywhere, true)]
    [InlineData("http://127.0.0.1/", (int)PlainHttp.Loopback, true)]
    [InlineData("ws://api.example.com/", (int)PlainHttp.Loopback, false)]
    [InlineData("ws://api.example.com/", (int)PlainHttp.Everywhere, true)]
    [InlineData("ftp://api.example.com/", (int)PlainHttp.Everywhere, false)]
    [InlineData("http://127.0.0.1/", (int)PlainHttp.Nowhere, false)]
    [InlineData("ws://127.0.0.1/", (int)PlainHttp.Nowhere, false)]
    [InlineData("https://127.0.0.1/", (int)PlainHttp.Nowhere, true)]
    public void Plain_http_is_refused_unless_it_is_loopback_or_allowed(string address, int plainHttp, bool isAllowed) =>
        Assert.Equal(
            isAllowed,
            Refuse(new("orders", [new(new(address))], _baseAddresses, _ => (PlainHttp)plainHttp), new(address)) is null);

    [Fact]
    [Trait("Req", "R-110")]
    public void A_client_is_no_longer_tracked_once_its_address_is_known()
    {
        for (int client = 0; client < 64; client++)
        {
            Assert.Empty(_baseAddresses.Origins);
            _baseAddresses.Add(ClientAt(Api));
        }

        Assert.NotEmpty(_baseAddresses.Origins);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void An_address_that_is_set_later_is_allowed()
    {
        HttpClient late = new();
        _baseAddresses.Add(late);
        Assert.False(_baseAddresses.Contains(Api));
        late.BaseAddress = Api;
        Assert.True(_baseAddresses.Contains(Api));
        GC.KeepAlive(late);
    }

    private static HttpClient ClientAt(Uri address) => new() { BaseAddress = address };

    private static string? Refuse(OriginPolicy policy, Uri address)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, address);
        return policy.Check(request, "orders");
    }

    private OriginPolicy Policy(params string[] allowed) =>
        new("orders", allowed.Select(origin => Origin.TryParse(origin)!), _baseAddresses, _ => PlainHttp.Loopback);
}
