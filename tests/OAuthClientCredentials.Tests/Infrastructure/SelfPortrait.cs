using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>What an object shows of itself without being asked: interpolated, formatted, and in a debugger's window.</summary>
internal static class SelfPortrait
{
    public static IEnumerable<string> Of(object value)
    {
        yield return $"{value}";
        yield return string.Format(CultureInfo.InvariantCulture, "{0}", value);
        string display = value.GetType().GetCustomAttribute<DebuggerDisplayAttribute>()?.Value ?? "{ToString(),nq}";
        foreach (string part in display.Split('{').Skip(1).Select(part => part.Split('}')[0].Split(',')[0]))
        {
            yield return part.EndsWith("()", StringComparison.Ordinal) ? $"{value.GetType().GetMethod(part[..^2], [])!.Invoke(value, null)}" : $"{value.GetType().GetProperty(part)!.GetValue(value)}";
        }

        foreach (PropertyInfo property in value.GetType().GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance).Where(property => property.GetCustomAttribute<DebuggerBrowsableAttribute>()?.State != DebuggerBrowsableState.Never))
        {
            yield return $"{property.GetValue(value)}";
        }
    }
}
