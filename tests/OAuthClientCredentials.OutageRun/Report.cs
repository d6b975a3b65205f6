namespace OAuthClientCredentials.OutageRun;

/// <summary>Prints the tables and collects what did not hold.</summary>
internal sealed class Report
{
    private readonly List<string> _problems = [];

    public static void Row(params object[] cells) => Console.WriteLine(string.Join(" | ", cells));

    public static void Title(string title) => Console.WriteLine($"\n{title}");

    public void Require(bool holds, string problem)
    {
        if (!holds)
        {
            Add(problem);
        }
    }

    public void Add(string problem)
    {
        Console.WriteLine($"BROKEN: {problem}");
        _problems.Add(problem);
    }

    /// <summary>Reports why the run could not continue. Where an unexpected exception comes from is printed too.</summary>
    public void Add(Exception failure)
    {
        if (failure is not OutageRunException)
        {
            Console.WriteLine(failure);
        }

        Add(failure.Message);
    }

    /// <summary>Prints the last line and returns the exit code.</summary>
    public int Print()
    {
        if (_problems.Count == 0)
        {
            Console.WriteLine("held");
            return 0;
        }

        Console.WriteLine($"BROKEN: {string.Join("; ", _problems).ReplaceLineEndings(" ")}");
        return 1;
    }
}
