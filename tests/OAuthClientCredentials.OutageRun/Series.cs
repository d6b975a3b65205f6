using System.Globalization;
using System.Text.Json.Nodes;

namespace OAuthClientCredentials.OutageRun;

/// <summary>One series of a query's result: its labels, and its values in the order of time.</summary>
internal sealed record Series(IReadOnlyDictionary<string, string> Labels, double[] Values)
{
    public string Name => Labels.GetValueOrDefault("__name__", "");

    /// <summary>Reads a result of the type vector, which has one value, or of the type matrix, which has many.</summary>
    public static Series Read(JsonNode series)
    {
        Dictionary<string, string> labels = series["metric"]!.AsObject()
            .ToDictionary(label => label.Key, label => label.Value!.GetValue<string>());
        JsonNode?[] points = series["value"] is JsonNode value ? [value] : [.. series["values"]!.AsArray()];
        return new(labels, [.. points.Select(point => ValueOf(point![1]!.GetValue<string>()))]);
    }

    private static double ValueOf(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
