using System.Diagnostics;
using System.Net;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;
using OAuthClientCredentials.TokenEndpoint;
using OAuthClientCredentials.Transport;
using Xunit.Abstractions;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>Clock hints, quota headers, and the cost of reading them.</summary>
public sealed class ResponseHeaderTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("The client is not active.")]
    [InlineData("Client certificate has expired.")]
    [InlineData("The subscription of this client expired.")]
    [InlineData("Unknown claim exp in the client registration.")]
    public void Description_of_another_problem_gets_no_clock_hint(string description)
    {
        using HttpResponseMessage message = new(HttpStatusCode.BadRequest);
        message.Headers.Date = Certificates.Start;
        EndpointResponse response = new(message, HttpStatusCode.BadRequest, null, [], Certificates.Start, null);
        Assert.Equal("", ClockSkew.Hint(response, null, description, sentAssertion: true));
    }

    [Fact]
    public async Task Error_page_of_a_cache_is_not_a_wrong_clock()
    {
        LogLines log = new();
        await using TestProvider provider = new(log: log);
        provider.Server.Always(TestResponse.Custom(() =>
        {
            HttpResponseMessage response = new(HttpStatusCode.ServiceUnavailable);
            (response.Headers.Date, response.Headers.Age) = (Certificates.Start.AddHours(-1), TimeSpan.FromHours(1));
            return response;
        }));
        TokenRequestException exception = await provider.FailAsync();
        Assert.DoesNotContain("clock", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("clock", log.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("YWFh")]
    [InlineData("%41&#65;\\u0041")]
    public void Quota_headers_of_60_KB_cost_little(string pattern)
    {
        using HttpResponseMessage response = new();
        for (int header = 0; header < 16; header++)
        {
            string value = string.Concat(Enumerable.Repeat(pattern, 3800 / pattern.Length));
            response.Headers.TryAddWithoutValidation($"Auth0-{header}-Quota-Limit", value);
        }

        List<string> secrets = ["0123456789abcdef0123456789abcdef", "c2hvcDowMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg=="];
        RateLimitHeaders.Read(response, () => secrets);
        long start = Stopwatch.GetTimestamp();
        RateLimitHeaders.Read(response, () => secrets);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        output.WriteLine($"{pattern}: {elapsed.TotalMilliseconds} ms");
        Assert.True(elapsed < TimeSpan.FromMilliseconds(500), $"{elapsed.TotalMilliseconds} ms");
    }

    [Fact]
    public void Error_types_are_few()
    {
        string[] types = [.. Enumerable.Range(0, 1000).Select(status =>
            ErrorType.Of(new TokenRequestException("") { StatusCode = (HttpStatusCode)status })).Distinct()];
        output.WriteLine($"{types.Length}");
        Assert.True(types.Length <= 210);
    }
}
