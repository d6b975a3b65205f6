using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.Diagnostics;

// a token in a JSON log is a leaked token.
internal sealed class RefuseToSerialize<T> : JsonConverter<T>
{
    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw Refusal();

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw Refusal();

    private static NotSupportedException Refusal() => new($"{typeof(T).Name} holds a secret and is not serialized.");
}
