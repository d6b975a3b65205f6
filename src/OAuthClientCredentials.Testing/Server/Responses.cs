using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Creates the HTTP responses of the test server.</summary>
internal static class Responses
{
    public static HttpResponseMessage Error(string error, string? description, HttpStatusCode? status)
    {
        HttpStatusCode standard = error == "invalid_client" ? HttpStatusCode.Unauthorized : HttpStatusCode.BadRequest;
        return Json(status ?? standard, json =>
        {
            json.WriteString("error", error);
            if (description is not null)
            {
                json.WriteString("error_description", description);
            }
        });
    }

    public static HttpResponseMessage WithRetryAfter(HttpStatusCode status, TimeSpan? retryAfter)
    {
        HttpResponseMessage response = Text(status, "", "text/plain");
        if (retryAfter is { } delay)
        {
            response.Headers.Add("Retry-After", ((long)delay.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }

        return response;
    }

    public static HttpResponseMessage BearerChallenge(Rejection rejection) =>
        Unauthorized("Bearer", $"error=\"{rejection.Error}\"");

    public static HttpResponseMessage DPoPChallenge(Rejection rejection) => Unauthorized(
        DPoPEndpoint.Scheme,
        $"error=\"{rejection.Error}\", error_description=\"{rejection.Reason}\", algs=\"{string.Join(' ', DPoPProof.Algorithms)}\"");

    public static HttpResponseMessage Json(HttpStatusCode status, Action<Utf8JsonWriter> writeMembers)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            writeMembers(writer);
            writer.WriteEndObject();
        }

        HttpResponseMessage response = Text(status, Encoding.UTF8.GetString(stream.ToArray()), "application/json");
        response.Headers.CacheControl = new() { NoStore = true };
        return response;
    }

    public static HttpResponseMessage Text(HttpStatusCode status, string body, string mediaType) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, mediaType) };

    private static HttpResponseMessage Unauthorized(string scheme, string parameters)
    {
        HttpResponseMessage response = Text(HttpStatusCode.Unauthorized, "", "text/plain");
        response.Headers.WwwAuthenticate.Add(new(scheme, parameters));
        return response;
    }
}
