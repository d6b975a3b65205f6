using OAuthClientCredentials.Handling;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Handling;

public sealed class OriginPolicyTests
{
    private static readonly Uri Api = new("https://api.example.com/orders");
    private static readonly Uri Other = new("https://other.example.com/orders");

    private readonly LogLines _log = new();
    private readonly BaseAddressBook _book = new();

    [Fact]
    [Trait("Req", "R-110")]
    public void Origins_that_are_listed_count_and_the_base_address_does_not()
    {
        _book.Add(ClientAt(Other));
        OriginPolicy policy = Policy("https://api.example.com");
        Assert.Null(policy.Refuse(Api));
        Assert.Contains("not one of AllowedOrigins", policy.Refuse(Other), StringComparison.Ordinal);
        Assert.Null(policy.Refuse(Api));
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void Without_a_list_the_base_address_counts()
    {
        _book.Add(ClientAt(Api));
        Assert.Null(Policy().Refuse(Api));
        Assert.Contains("BaseAddress", Policy().Refuse(Other), StringComparison.Ordinal);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void Without_either_any_https_origin_is_allowed_with_one_warning()
    {
        OriginPolicy policy = Policy();
        Assert.Null(policy.Refuse(Api));
        Assert.Null(policy.Refuse(Other));
        Assert.Contains("AllowedOrigins", Assert.Single(_log.Lines), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-004")]
    [InlineData("http://api.example.com/", false, false)]
    [InlineData("http://api.example.com/", true, true)]
    [InlineData("http://127.0.0.1/", false, true)]
    [InlineData("ftp://api.example.com/", true, false)]
    public void Plain_http_is_for_loopback_or_for_those_who_say_so(string address, bool allowInsecureHttp, bool isAllowed) =>
        Assert.Equal(isAllowed, new OriginPolicy("api", [], _book, () => allowInsecureHttp, _log).Refuse(new(address)) is null);

    [Fact]
    [Trait("Req", "R-110")]
    public void Clients_that_have_their_address_leave_the_book_by_themselves()
    {
        for (int client = 0; client < 64; client++)
        {
            Assert.True(_book.IsEmpty);
            _book.Add(ClientAt(Api));
        }

        Assert.False(_book.IsEmpty);
    }

    [Fact]
    [Trait("Req", "R-110")]
    public void An_address_that_is_set_after_the_first_look_counts()
    {
        HttpClient late = new();
        _book.Add(late);
        Assert.False(_book.Contains(Api));
        late.BaseAddress = Api;
        Assert.True(_book.Contains(Api));
        GC.KeepAlive(late);
    }

    private static HttpClient ClientAt(Uri address) => new() { BaseAddress = address };

    private OriginPolicy Policy(params string[] allowed) => new("api", allowed.Select(origin => Origin.TryParse(origin)!), _book, () => false, _log);
}
