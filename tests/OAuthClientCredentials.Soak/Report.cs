namespace OAuthClientCredentials.Soak;

/// <summary>The measured values and whether each limit is kept.</summary>
internal sealed class Report
{
    private readonly List<string> _lines = [];
    private bool _passed = true;

    public void Note(string what, object value) => _lines.Add($"        {what}: {value}");

    public void AtMost(string what, double measured, double limit)
    {
        bool holds = measured <= limit;
        _passed &= holds;
        _lines.Add($"{(holds ? "ok    " : "FAILED")}  {what}: {measured:0.##} (at most {limit:0.##})");
    }

    /// <summary>Writes the report and returns the exit code.</summary>
    public int Print()
    {
        _lines.ForEach(Console.WriteLine);
        return _passed ? 0 : 1;
    }
}
