using System.Buffers;
using System.Text;
using System.Text.Json;

namespace OAuthClientCredentials.Transport;

/// <summary>
/// One text for JSON values that mean the same: without white space, members in the order of their names, strings with the same escapes.
/// Numbers are not changed, and the items of an array keep their order.
/// </summary>
internal static class CanonicalJson
{
    /// <exception cref="JsonException">The text is not JSON, or a string in it is not valid text.</exception>
    public static string Of(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        ArrayBufferWriter<byte> buffer = new(json.Length);
        using (Utf8JsonWriter writer = new(buffer))
        {
            try
            {
                Write(document.RootElement, writer);
            }
            catch (InvalidOperationException exception)
            {
                // An escaped lone surrogate is valid JSON but not valid text.
                throw new JsonException("A string is not valid text.", exception);
            }
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (JsonProperty member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(member.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(item, writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(value.GetString());
                break;
            default:
                writer.WriteRawValue(value.GetRawText());
                break;
        }
    }
}
