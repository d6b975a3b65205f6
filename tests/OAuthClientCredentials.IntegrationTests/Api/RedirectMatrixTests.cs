using System.Net;
using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Api;

/// <summary>Redirects to the same and to another origin, with each kind of retry around the handler (azure-sdk-for-net PR 59606).</summary>
public sealed class RedirectMatrixTests : CanaryTests
{
    public static TheoryData<int, bool, string, string, string, bool> Redirects
    {
        get
        {
            TheoryData<int, bool, string, string, string, bool> data = [];
            foreach (int status in new[] { 301, 302, 303, 307, 308 })
            {
                foreach (string outer in OuterHandlers.Names)
                {
                    foreach (bool hasBaseAddress in new[] { true, false })
                    {
                        data.Add(status, false, "GET", "401 always", outer, hasBaseAddress);
                        data.Add(status, false, "POST", "401 once", outer, hasBaseAddress);
                        data.Add(status, true, "GET", "503", outer, hasBaseAddress);
                        data.Add(status, true, "POST", "401 always", outer, hasBaseAddress);
                        data.Add(status, true, "PUT", "200", outer, hasBaseAddress);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [Trait("Req", "R-112")]
    [Trait("Req", "R-113")]
    [Trait("Req", "R-121")]
    [Trait("Req", "R-123")]
    [MemberData(nameof(Redirects))]
    public async Task A_redirect_takes_no_token_along_and_its_target_is_not_retried(
        int status,
        bool toOther,
        string method,
        string then,
        string outer,
        bool hasBaseAddress)
    {
        await using TestHost host = await TestHost.StartRedirectAsync(status, toOther, ApiResponses.Of(then));
        string content = method == "GET" ? "none" : "bytes";
        byte[] expected = await RequestContents.BytesOf(content);
        HttpClient client = host.CreateClient(outer: builder => OuterHandlers.Add(builder, outer), hasBaseAddress: hasBaseAddress);
        using HttpRequestMessage request = new(new HttpMethod(method), new Uri(host.Api.Address, "orders"));
        request.Content = RequestContents.All[content].Create();
        await Record.ExceptionAsync(async () => (await client.SendAsync(request)).Dispose());

        RecordedRequest[] requests = [.. host.Api.Requests, .. host.Other.Requests];
        Assert.Equal(toOther, !host.Other.Requests.IsEmpty);
        Assert.All(requests, received => Assert.Equal(received.Target == "/moved", received.Token == 0));

        // For some codes the platform follows with a GET without content. Otherwise the content is complete.
        Assert.All(requests, received => Assert.Equal(received.Method == "GET" ? [] : expected, received.Body));
        Assert.InRange(host.ApiTokens.Count(token => token > 0), 1, OuterHandlers.AttemptsOf(outer) * 2);
        Assert.InRange(host.TokenRequests, 1, 2);
        if (outer == "nothing")
        {
            Assert.Equal(["/orders", "/moved"], requests.Select(received => received.Target));
            Assert.Equal(1, host.TokenRequests);
        }
    }

    [Fact]
    [Trait("Req", "R-113")]
    public async Task A_redirect_is_returned_where_redirects_are_turned_off()
    {
        await using TestHost host = await TestHost.StartRedirectAsync(302, toOther: true, ApiResponses.Of("200"));
        HttpClient client = host.CreateClient(
            outer: builder => builder.ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false }));
        using HttpResponseMessage response = await client.GetAsync("orders");
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Empty(host.Other.Requests);
    }
}
