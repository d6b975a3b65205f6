using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Refuses to serialize a type, because it would write a token or secret to a log .</summary>
internal sealed class RefuseToSerialize<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw Refusal();

    private static NotSupportedException Refusal() => new($"{typeof(T).Name} contains a secret and cannot be serialized.");
}
