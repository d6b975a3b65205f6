using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Tests.Transport;

/// <summary>Which addresses an endpoint may have.</summary>
public sealed class EndpointRulesTests
{
    public static TheoryData<string> Private =>
    [
        "0.0.0.0", "10.1.2.3", "127.0.0.1", "172.16.0.1", "172.31.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "100.127.0.1",
        "[::1]", "[::]", "[fe80::1]", "[fec0::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "localhost", "a.localhost",
    ];

    public static TheoryData<string> Public =>
    [
        "11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1", "169.253.0.1", "100.63.0.1", "100.128.0.1", "8.8.8.8",
        "[2001:4860::1]", "[0a00::1]", "[::ffff:8.8.8.8]", "id.example.com",
    ];

    [Theory]
    [Trait("Req", "R-182")]
    [MemberData(nameof(Private))]
    public void Private_addresses_are_known(string host) => Assert.True(EndpointRules.IsPrivate(new($"https://{host}/")));

    [Theory]
    [Trait("Req", "R-182")]
    [MemberData(nameof(Public))]
    public void Public_addresses_are_not_private(string host) => Assert.False(EndpointRules.IsPrivate(new($"https://{host}/")));

    [Theory]
    [Trait("Req", "R-005")]
    [Trait("Req", "R-182")]
    [InlineData("a.", 1, "\u2603", true)]
    [InlineData("a.", 150, "\u2603", false)]
    [InlineData("0", 70, "\uff49", false)]
    public void Host_that_cannot_be_written_in_ASCII_is_refused(string part, int count, string last, bool isAccepted)
    {
        string address = $"https://{string.Concat(Enumerable.Repeat(part, count))}{last}.id.example.com/token";
        Assert.Equal(isAccepted, EndpointRules.Check(address, PlainHttp.Loopback) is null);
    }

    [Theory]
    [Trait("Req", "R-005")]
    [InlineData("https://shop:secret@id.example.com/token", "user info")]
    [InlineData("https://shop@id.example.com/token", "user info")]
    [InlineData("https://id.example.com/token#a", "must not have a fragment (RFC 6749 section 3.2)")]
    [InlineData("https://id.example.com/token#", "must not have a fragment (RFC 6749 section 3.2)")]
    [InlineData("https://", "must be an absolute https address")]
    [InlineData("https:///token", "must be an absolute https address")]
    [InlineData("https://?q", "must be an absolute https address")]
    [InlineData("https://:443/token", "must be an absolute https address")]
    public void Address_with_user_info_or_fragment_or_without_host_is_refused(string address, string problem) =>
        Assert.Contains(problem, EndpointRules.Check(address, PlainHttp.Loopback), StringComparison.Ordinal);
}
