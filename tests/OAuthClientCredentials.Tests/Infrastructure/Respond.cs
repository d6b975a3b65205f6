using System.Net;
using System.Text;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>Raw responses of a token endpoint, for tests that need every character of them.</summary>
internal static class Respond
{
    public static HttpResponseMessage Token(string value, double lifetime) => Json(
        HttpStatusCode.OK,
        FormattableString.Invariant($$"""{"access_token":"{{value}}","token_type":"Bearer","expires_in":{{lifetime}}}"""));

    public static HttpResponseMessage Error(HttpStatusCode status, string error) => Json(status, $$"""{"error":"{{error}}"}""");

    public static HttpResponseMessage Json(HttpStatusCode status, string json) =>
        new(status) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
}
