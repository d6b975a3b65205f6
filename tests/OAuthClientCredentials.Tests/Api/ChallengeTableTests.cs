using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>What each form of a challenge is read as. A malformed one counts as none.</summary>
public sealed class ChallengeTableTests
{
    [Theory]
    [Trait("Req", "R-130")]
    [Trait("Req", "R-132")]
    [InlineData("Bearer", "Bearer:")]
    [InlineData("Bearer error=invalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer error=\"invalid_token\"", "Bearer:invalid_token")]
    [InlineData("Bearer error = \"invalid_token\"", "Bearer:invalid_token")]
    [InlineData("Bearer error\t=\tinvalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer\terror=invalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer ERROR=invalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer error=\"in\\valid\"", "Bearer:invalid")]
    [InlineData("Bearer error=\"a\\\"b\"", "Bearer:a\"b")]
    [InlineData("Bearer error=\"a,b=c\"", "Bearer:a,b=c")]
    [InlineData("Bearer error=first, error=second", "Bearer:first")]
    [InlineData("Bearer realm=x, error=invalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer realm=x , error=invalid_token", "Bearer:invalid_token")]
    [InlineData("Bearer,DPoP error=use_dpop_nonce", "Bearer:|DPoP:use_dpop_nonce")]
    [InlineData(", ,Bearer,,", "Bearer:")]
    [InlineData("Negotiate YWJj, Bearer error=invalid_token", "Negotiate:|Bearer:invalid_token")]
    [InlineData("Negotiate a-b._~+/c==, Bearer error=invalid_token", "Negotiate:|Bearer:invalid_token")]
    [InlineData("Negotiate YWJj == , Bearer", null)]
    [InlineData("Negotiate YWJj=== ,Bearer", "Negotiate:|Bearer:")]
    [InlineData("Negotiate YWJj", "Negotiate:")]
    [InlineData("Negotiate a=b", "Negotiate:")]
    [InlineData("Bearer error=", "Bearer:")]
    [InlineData("Bearer error=,", "Bearer:")]
    [InlineData("Bearer realm=x, error=", null)]
    [InlineData("Bearer realm=x, error=, DPoP", null)]
    [InlineData("Bearer =", null)]
    [InlineData("Bearer error=\"open", null)]
    [InlineData("Bearer error=\"open\\", null)]
    [InlineData("Bearer error=\"\\\"", null)]
    [InlineData("Bearer error=\"a\" junk", null)]
    [InlineData("Bearer error=a error=b", null)]
    [InlineData("Bearer error=a\"b\"", null)]
    [InlineData("error=invalid_token", null)]
    [InlineData("=x", null)]
    [InlineData("Bearer/error=a", null)]
    [InlineData("Bearer \u00e9", null)]
    public void A_challenge_is_read_with_its_own_error(string header, string? expected)
    {
        IEnumerable<string>? challenges = Challenges.Parse(header)?.Select(challenge => $"{challenge.Scheme}:{challenge.Error}");
        Assert.Equal(expected, challenges is null ? null : string.Join('|', challenges));
    }

    [Theory]
    [Trait("Req", "R-131")]
    [InlineData("DPoP error=\"use_dpop_nonce\", Bearer error=\"invalid_token\"", "DPoP:use_dpop_nonce|Bearer:invalid_token")]
    [InlineData(
        "Bearer error=\"invalid_token\", DPoP algs=\"ES256\", error=\"use_dpop_nonce\"",
        "Bearer:invalid_token|DPoP:use_dpop_nonce")]
    [InlineData(
        "DPoP error_description=\"Bearer error=invalid_token, Bearer error=\\\"invalid_token\\\"\", error=\"use_dpop_nonce\", Bearer",
        "DPoP:use_dpop_nonce|Bearer:")]
    public void An_error_belongs_to_its_own_challenge(string header, string expected) =>
        Assert.Equal(expected, string.Join('|', Challenges.Parse(header)!.Select(challenge => $"{challenge.Scheme}:{challenge.Error}")));

    [Theory]
    [Trait("Req", "R-132")]
    [InlineData(16, true)]
    [InlineData(17, false)]
    public void More_than_sixteen_challenges_are_none(int count, bool isRead) =>
        Assert.Equal(isRead, Challenges.Parse(string.Join(',', Enumerable.Repeat("Bearer", count))) is not null);

    [Theory]
    [Trait("Req", "R-132")]
    [InlineData(8192, true)]
    [InlineData(8193, false)]
    public void More_than_eight_kibibytes_count_as_no_challenge(int length, bool isRead)
    {
        using HttpResponseMessage response = new(System.Net.HttpStatusCode.Unauthorized);
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer realm=" + new string('x', length - 13));
        Assert.Equal(isRead, Challenges.Read(response).Count == 1);
    }

    [Theory]
    [Trait("Req", "R-132")]
    [InlineData("Bearer realm=\"open")]
    [InlineData("Bearer a=b c=d")]
    [InlineData("Bearer, \u00e9\0")]
    public void A_malformed_challenge_counts_as_none(string header)
    {
        using HttpResponseMessage response = new(System.Net.HttpStatusCode.Unauthorized);
        Assert.True(response.Headers.TryAddWithoutValidation("WWW-Authenticate", header));
        Assert.Empty(Challenges.Read(response));
    }

    [Fact]
    [Trait("Req", "R-130")]
    public void All_lines_of_the_header_are_read()
    {
        using HttpResponseMessage response = new(System.Net.HttpStatusCode.Unauthorized);
        Assert.Empty(Challenges.Read(response));
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Basic realm=x");
        response.Headers.TryAddWithoutValidation("WWW-Authenticate", "Bearer error=invalid_token");
        Assert.Equal([new("Basic", null), new("Bearer", "invalid_token")], Challenges.Read(response));
    }
}
