using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace OAuthClientCredentials.Clients;

/// <summary>
/// Checks the names and values of a client's section, before they are bound: the binder ignores a misspelt option, and reads a number as
/// days. Each problem names the path, and the value only if it is a number (R-212, R-364).
/// </summary>
internal static class SectionRules
{
    public static IEnumerable<string> Check(IConfiguration section) =>
        from entry in section.GetChildren()
        let problem = CheckName(entry) ?? CheckShape(entry) ?? CheckValue(entry.Value, OptionTable.DefaultOf(entry.Key))
        where problem is not null
        select $"{entry.Path} {problem}";

    private static string? CheckName(IConfigurationSection entry)
    {
        if (OptionTable.Contains(entry.Key))
        {
            return null;
        }

        string suggestion = NearestName.Suggest(entry.Key, OptionTable.Names);
        if (suggestion.Length == 0)
        {
            suggestion = $" Options are {string.Join(", ", OptionTable.Names)}.";
        }

        return $"is not an option.{suggestion}";
    }

    private static string? CheckShape(IConfigurationSection entry)
    {
        string[] children = [.. entry.GetChildren().Select(child => child.Key)];
        if (OptionTable.IsScalar(entry.Key) && children.Length > 0)
        {
            return "must be a single value, not a list or an object. A client cannot have the name of an option.";
        }

        if (OptionTable.DefaultOf(entry.Key) is IList<string> && Array.Exists(children, OptionTable.Contains))
        {
            return "is an option, so a client cannot have this name. Choose another name.";
        }

        return null;
    }

    private static string? CheckValue(string? value, object? defaultValue)
    {
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }

        return defaultValue switch
        {
            TimeSpan => CheckTimeSpan(value),
            int when !int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out _) => "must be a whole number.",
            bool when !bool.TryParse(value, out _) => "must be true or false.",
            Enum kind when !Enum.TryParse(kind.GetType(), value, ignoreCase: true, out _) =>
                $"must be one of {string.Join(", ", Enum.GetNames(kind.GetType()))}.",
            IDictionary<string, string> => "must contain names and values, such as Parameters:tenant, not a single value.",
            _ => null,
        };
    }

    private static string? CheckTimeSpan(string value)
    {
        const string Format = "Write hours, minutes and seconds";
        if (!TimeSpan.TryParse(value, CultureInfo.InvariantCulture, out TimeSpan time))
        {
            return $"is not a time span. {Format}, such as 00:00:30.";
        }

        if (value.Contains(':', StringComparison.Ordinal) || time == TimeSpan.Zero)
        {
            return null;
        }

        TimeSpan seconds = TimeSpan.FromSeconds(time.TotalDays);
        string days = time.TotalDays.ToString(CultureInfo.InvariantCulture);
        return $"is a number, which .NET reads as days. {Format}: {seconds:c} for {days} s.";
    }
}
