using System.Collections;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Which JSON values are the same when they are serialized a second time.</summary>
public sealed class RepeatableValueTests
{
    public static TheoryData<string, bool> Values => new()
    {
        { "null", true },
        { "text", true },
        { "number", true },
        { "object", true },
        { "list", true },
        { "set of numbers", true },
        { "immutable array", true },
        { "dictionary", true },
        { "node", true },
        { "list as a sequence", true },
        { "cycle", true },
        { "ignored sequence", true },
        { "date, id, address", true },
        { "sequence", false },
        { "async sequence", false },
        { "async sequence of numbers", false },
        { "sequence in a member", false },
        { "sequence in a field", false },
        { "sequence in a nested member", false },
        { "sequence in a list", false },
        { "sequence in a dictionary", false },
        { "async sequence in a member", false },
        { "getter that throws", false },
        { "too deep", false },
    };

    [Theory]
    [Trait("Req", "R-119")]
    [MemberData(nameof(Values))]
    public void A_value_is_repeatable_unless_a_lazy_sequence_is_in_it(string kind, bool isRepeatable) =>
        Assert.Equal(isRepeatable, RepeatableValue.IsRepeatable(Value(kind)));

    private static object? Value(string kind) => kind switch
    {
        "null" => null,
        "text" => "text",
        "number" => 7.5m,
        "object" => new { Id = 7, Name = "café", Lines = new[] { new { Sku = "a", Count = 1 } } },
        "list" => new List<object> { 1, "a", new { X = 1 } },
        "set of numbers" => new HashSet<int> { 1, 2 },
        "immutable array" => ImmutableArray.Create(1, 2),
        "dictionary" => new Dictionary<string, object> { ["a"] = new[] { 1 } },
        "node" => JsonNode.Parse("""{"a":[1]}"""),
        "list as a sequence" => new Holder { Items = new List<int> { 1 } },
        "cycle" => Cycle(),
        "ignored sequence" => new Ignoring { Items = Lazy() },
        "date, id, address" =>
            new { At = DateTimeOffset.UnixEpoch, Id = Guid.Empty, Address = new Uri("https://a.example"), Day = DayOfWeek.Friday },
        "sequence" => Lazy(),
        "async sequence" => LazyAsync<string>(),
        "async sequence of numbers" => LazyAsync<int>(),
        "sequence in a member" => new { Items = Lazy() },
        "sequence in a field" => new Field { Items = Lazy() },
        "sequence in a nested member" => new { A = new { B = new Holder { Items = Lazy() } } },
        "sequence in a list" => new List<object> { 1, new { Items = Lazy() } },
        "sequence in a dictionary" => new Dictionary<string, object> { ["a"] = Lazy() },
        "async sequence in a member" => new { Items = LazyAsync<int>() },
        "getter that throws" => new { Address = System.Net.IPAddress.Loopback },
        _ => Enumerable.Range(0, 70).Aggregate((object)1, (inner, _) => new { Inner = inner }),
    };

    private static IEnumerable<int> Lazy()
    {
        yield return 1;
    }

    private static async IAsyncEnumerable<T> LazyAsync<T>()
    {
        await Task.Yield();
        yield return default!;
    }

    private static Holder Cycle()
    {
        Holder holder = new();
        holder.Items = new ArrayList { holder };
        return holder;
    }

    private sealed class Holder
    {
        public IEnumerable? Items { get; set; }
    }

    private sealed class Field
    {
        public IEnumerable? Items;
    }

    private sealed class Ignoring
    {
        [JsonIgnore]
        public IEnumerable? Items { get; set; }
    }
}
