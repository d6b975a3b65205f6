using System.Globalization;
using Microsoft.AspNetCore.Http;
using OAuthClientCredentials.Jwt;
using OAuthClientCredentials.Jwt.DPoP;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.DPoP;

/// <summary>The method and the address in a proof are those of the request as it is sent.</summary>
public sealed class TargetTests
{
    [Theory]
    [Trait("Req", "R-162")]
    [InlineData("https://api.example.com", "https://api.example.com/")]
    [InlineData("HTTPS://API.Example.COM:443/A", "https://api.example.com/A")]
    [InlineData("https://api.example.com:8443/a/", "https://api.example.com:8443/a/")]
    [InlineData("https://api.example.com/a%2Fb%20c", "https://api.example.com/a%2Fb%20c")]
    [InlineData("https://api.example.com/a b/ü?q=ü#f", "https://api.example.com/a%20b/%C3%BC")]
    [InlineData("https://user:pass@api.example.com/a?b=c", "https://api.example.com/a")]
    [InlineData("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC")]
    [InlineData("https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a")]
    [InlineData("https://[::1]/a", "https://[::1]/a")]
    [InlineData("http://localhost:8080/a", "http://localhost:8080/a")]
    [InlineData("http://127.0.0.1/a", "http://127.0.0.1/a")]
    [InlineData("wss://api.example.com/socket", "https://api.example.com/socket")]
    [InlineData("http://api.example.com/a", null)]
    [InlineData("ws://api.example.com/a", null)]
    [InlineData("https+http://api/a", null)]
    [InlineData("ftp://localhost/a", null)]
    public void The_address_has_no_query_and_is_escaped(string address, string? expected) =>
        Assert.Equal(expected, TargetUri.Of(new(address)));

    [Theory]
    [Trait("Req", "R-161")]
    [InlineData("GET")]
    [InlineData("get")]
    [InlineData("listItems-i")]
    public async Task The_method_and_the_path_are_those_that_a_server_receives_in_any_culture(string method)
    {
        CultureInfo culture = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = new("tr-TR");
        try
        {
            string target = "";
            await using LoopbackServer api = await LoopbackServer.StartAsync(context =>
            {
                target = context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget;
                return context.Response.WriteAsync("");
            });
            ClientCredentialsOptions options = new();
            options.UseDPoP();
            AccessToken token = new("abc", DateTimeOffset.MaxValue, "DPoP") { Binding = options.OfferedBinding };
            using HttpClient http = new(new AccessTokenHandler(
                new NamedToken(token),
                new() { AllowedOrigins = [api.Address.GetLeftPart(UriPartial.Authority)] })
            {
                InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false },
            });
            using HttpRequestMessage request = new(new(method), new Uri(api.Address, "/a%2Fb/ü i?q=1"));
            using HttpResponseMessage response = await http.SendAsync(request);
            RecordedRequest received = Assert.Single(api.Requests);
            DecodedProof proof = new(received.Proof!);
            Assert.Equal(received.Method, proof["htm"]);
            Assert.Equal($"{api.Address.GetLeftPart(UriPartial.Authority)}{target.Split('?')[0]}", proof["htu"]);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    private sealed class NamedToken(AccessToken token) : ITokenProvider
    {
        public ValueTask<AccessToken> GetTokenAsync(
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default) => new(token);

        public ValueTask<AccessToken> RenewTokenAsync(
            AccessToken rejected,
            string clientName = "",
            TokenRequest? request = null,
            CancellationToken cancellationToken = default) => new(token);

        public void Forget(string clientName)
        {
        }
    }
}
