using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.Diagnostics;

/// <summary>Refuses to serialize a type, because a token or secret in a JSON log is leaked .</summary>
internal sealed class RefuseToSerialize<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw Refusal();

    private static NotSupportedException Refusal() => new($"{typeof(T).Name} holds a secret and cannot be serialized.");
}
