using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.Tests.Api;

public sealed class OriginTests
{
    [Theory]
    [Trait("Req", "R-111")]
    [InlineData("https://api.example.com", "https://api.example.com/orders", true)]
    [InlineData("https://api.example.com", "https://API.Example.COM/orders", true)]
    [InlineData("https://api.example.com", "https://api.example.com:443/", true)]
    [InlineData("https://api.example.com", "https://api.example.com:444/", false)]
    [InlineData("https://api.example.com:444", "https://api.example.com:444/", true)]
    [InlineData("https://api.example.com", "http://api.example.com:443/", false)]
    [InlineData("https://api.example.com", "https://api.example.com./", false)]
    [InlineData("https://api.example.com", "https://example.com/", false)]
    [InlineData("https://api.example.com", "https://api.example.com.evil.org/", false)]
    [InlineData("https://api.example.com", "https://evil-api.example.com/", false)]
    [InlineData("https://api.example.com", "https://api.example.com@evil.org/", false)]
    [InlineData("https://api.example.com", "https://user:pass@api.example.com/", true)]
    [InlineData("https://api.example.com", "https://evil.org/?https://api.example.com", false)]
    [InlineData("https://api.example.com", "https://evil.org#api.example.com", false)]
    [InlineData("https://*.example.com", "https://api.example.com/", true)]
    [InlineData("https://*.example.com", "https://a.b.example.com/", true)]
    [InlineData("https://*.example.com", "https://example.com/", false)]
    [InlineData("https://*.example.com", "https://evilexample.com/", false)]
    [InlineData("https://*.example.com", "https://api.example.com:8443/", false)]
    [InlineData("https://bücher.example", "https://xn--bcher-kva.example/", true)]
    [InlineData("https://xn--bcher-kva.example", "https://BÜCHER.example/", true)]
    [InlineData("https://127.0.0.1:8443", "https://127.0.0.1:8443/", true)]
    [InlineData("https://127.0.0.1:8443", "https://localhost:8443/", false)]
    [InlineData("https://[::1]:8443", "https://[0:0:0:0:0:0:0:1]:8443/", true)]
    [InlineData("https://*", "https://api.example.com:8443/", true)]
    [InlineData("https://*", "http://api.example.com/", false)]
    [InlineData("https+http://orders", "https+http://orders/1", true)]
    [InlineData("https+http://orders", "https://orders/1", false)]
    public void An_origin_is_scheme_host_and_port(string origin, string address, bool matches) =>
        Assert.Equal(matches, Origin.TryParse(origin)!.Matches(new Uri(address)));

    [Theory]
    [Trait("Req", "R-110")]
    [InlineData("api.example.com")]
    [InlineData("https://api.example.com/orders")]
    [InlineData("https://api.example.com/?a=b")]
    [InlineData("https://user@api.example.com")]
    [InlineData("ftp://api.example.com")]
    [InlineData("https://*.*.example.com")]
    [InlineData("https://api.*.com")]
    [InlineData("*")]
    [InlineData("http://*")]
    [InlineData("https://*:8443")]
    [InlineData("")]
    public void Text_that_is_not_an_origin_is_rejected(string origin) => Assert.Null(Origin.TryParse(origin));
}
