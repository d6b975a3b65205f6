using System.Collections;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.Tests.Api;

/// <summary>Which JSON values are the same when they are serialized a second time.</summary>
public sealed class ReplayableJsonTests
{
    [Theory]
    [Trait("Req", "R-119")]
    [InlineData("null", true)]
    [InlineData("text", true)]
    [InlineData("number", true)]
    [InlineData("object", true)]
    [InlineData("list", true)]
    [InlineData("set of numbers", true)]
    [InlineData("immutable array", true)]
    [InlineData("dictionary", true)]
    [InlineData("node", true)]
    [InlineData("list as a sequence", true)]
    [InlineData("cycle", true)]
    [InlineData("ignored sequence", true)]
    [InlineData("date, id, address", true)]
    [InlineData("sequence", false)]
    [InlineData("async sequence", false)]
    [InlineData("async sequence of numbers", false)]
    [InlineData("sequence in a member", false)]
    [InlineData("sequence in a field", false)]
    [InlineData("sequence in a nested member", false)]
    [InlineData("sequence in a list", false)]
    [InlineData("sequence in a dictionary", false)]
    [InlineData("async sequence in a member", false)]
    [InlineData("getter that throws", false)]
    [InlineData("too deep", false)]
    public void A_value_is_repeatable_unless_it_contains_a_lazy_sequence(string kind, bool isRepeatable) =>
        Assert.Equal(isRepeatable, ReplayableJson.IsReplayable(Value(kind)));

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
