namespace OAuthClientCredentials.Soak;

/// <summary>What was measured, and whether it is what it must be.</summary>
internal sealed class Report
{
    private readonly List<string> _lines = [];
    private bool _isGood = true;

    public void Note(string what, object value) => _lines.Add($"        {what}: {value}");

    public void AtMost(string what, double measured, double limit)
    {
        bool holds = measured <= limit;
        _isGood &= holds;
        _lines.Add($"{(holds ? "ok    " : "FAILED")}  {what}: {measured:0.##} (at most {limit:0.##})");
    }

    public int Print()
    {
        _lines.ForEach(Console.WriteLine);
        return _isGood ? 0 : 1;
    }
}
