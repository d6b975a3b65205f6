namespace Fleet;

/// <summary>The options of the demonstration.</summary>
/// <param name="Replicas">The number of replicas.</param>
/// <param name="Store">The store: <c>garnet</c>, or the name of a Redis server program that is installed.</param>
/// <param name="Lifetime">The lifetime of tokens.</param>
/// <param name="Lifetimes">How many lifetimes the steady scene takes.</param>
/// <param name="HasAllScenes">Whether all scenes are shown, and not only the most important ones.</param>
/// <param name="IsJson">Whether the last line is JSON.</param>
internal sealed record DemoOptions(int Replicas, string Store, TimeSpan Lifetime, int Lifetimes, bool HasAllScenes, bool IsJson)
{
    public static DemoOptions Parse(string[] arguments, IFormatProvider format)
    {
        return new(
            int.Parse(Value("--replicas", "8"), format),
            Value("--store", "garnet"),
            TimeSpan.FromSeconds(double.Parse(Value("--lifetime", "6"), format)),
            int.Parse(Value("--lifetimes", "3"), format),
            arguments.Contains("--all"),
            arguments.Contains("--json"));

        string Value(string name, string defaultValue)
        {
            int index = Array.IndexOf(arguments, name);
            return index < 0 ? defaultValue : arguments[index + 1];
        }
    }
}
