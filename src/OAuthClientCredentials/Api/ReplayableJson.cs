using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace OAuthClientCredentials.Api;

/// <summary>Whether a JSON value can be serialized twice with the same result .</summary>
/// <remarks>
/// A lazy sequence anywhere in the value may be empty the second time, and the API would receive <c>[]</c> without an error.
/// The members of an object are read by reflection. A trimmed application keeps the properties that its serializer reads. Native AOT
/// keeps no metadata of them, so only text, numbers, JSON nodes and collections of these count as replayable there.
/// </remarks>
internal static class ReplayableJson
{
    // The default limit of JsonSerializer.
    private const int MaxDepth = 64;

    public static bool IsReplayable(object? value)
    {
        try
        {
            return IsReplayable(value, MaxDepth, new(ReferenceEqualityComparer.Instance));
        }
        catch (Exception exception) when (exception is TargetInvocationException or NotSupportedException or InvalidOperationException)
        {
            // A getter threw, or another thread changed a collection. The serializer may get a different result.
            return false;
        }
    }

    private static bool IsReplayable(object? value, int depth, HashSet<object> seen)
    {
        if (value is null || IsSimple(value) || !seen.Add(value))
        {
            return true;
        }

        if (depth == 0)
        {
            return false;
        }

        if (value is IEnumerable items)
        {
            return IsCollection(value) && items.Cast<object?>().All(item => IsReplayable(item, depth - 1, seen));
        }

        return RuntimeFeature.IsDynamicCodeSupported
            && !Implements(value, typeof(IAsyncEnumerable<>))
            && MembersOf(value).All(member => IsReplayable(member, depth - 1, seen));
    }

    private static bool IsSimple(object value) =>
        value is string or decimal or Guid or DateTime or DateTimeOffset or DateOnly or TimeOnly or TimeSpan or Uri or Version
            or JsonNode or JsonElement or JsonDocument or byte[]
        || value.GetType() is { IsPrimitive: true } or { IsEnum: true };

    private static bool IsCollection(object value) =>
        value is ICollection || Implements(value, typeof(ICollection<>)) || Implements(value, typeof(IReadOnlyCollection<>));

    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "The interfaces of a type that exists as an object are kept.")]
    private static bool Implements(object value, Type definition) =>
        Array.Exists(value.GetType().GetInterfaces(), type => type.IsGenericType && type.GetGenericTypeDefinition() == definition);

    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Trimming keeps what is serialized. Not called in native AOT.")]
    private static IEnumerable<object?> MembersOf(object value)
    {
        const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;
        IEnumerable<object?> properties = value.GetType().GetProperties(Public)
            .Where(property => property.CanRead && property.GetIndexParameters().Length == 0 && !IsIgnored(property))
            .Select(property => property.GetValue(value));
        IEnumerable<object?> fields = value.GetType().GetFields(Public)
            .Where(field => !IsIgnored(field))
            .Select(field => field.GetValue(value));
        return properties.Concat(fields);
    }

    private static bool IsIgnored(MemberInfo member) =>
        member.GetCustomAttribute<JsonIgnoreAttribute>()?.Condition == JsonIgnoreCondition.Always;
}
