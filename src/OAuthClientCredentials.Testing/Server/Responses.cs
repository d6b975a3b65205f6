using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace OAuthClientCredentials.Testing.Server;

/// <summary>Responses as they stand on the wire.</summary>
internal static class Responses
{
    public static HttpResponseMessage Text(HttpStatusCode status, string body, string mediaType) =>
        new(status) { Content = new StringContent(body, Encoding.UTF8, mediaType) };

    public static HttpResponseMessage Json(HttpStatusCode status, Action<Utf8JsonWriter> members)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }

        HttpResponseMessage response = Text(status, Encoding.UTF8.GetString(stream.ToArray()), "application/json");
        response.Headers.CacheControl = new() { NoStore = true };
        return response;
    }

    public static HttpResponseMessage Error(string error, string? description, HttpStatusCode? status) =>
        Json(status ?? (error == "invalid_client" ? HttpStatusCode.Unauthorized : HttpStatusCode.BadRequest), json =>
        {
            json.WriteString("error", error);
            if (description is not null)
            {
                json.WriteString("error_description", description);
            }
        });

    public static HttpResponseMessage Busy(HttpStatusCode status, TimeSpan? retryAfter)
    {
        HttpResponseMessage response = Text(status, "", "text/plain");
        if (retryAfter is { } wait)
        {
            response.Headers.Add("Retry-After", ((long)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }

        return response;
    }
}
