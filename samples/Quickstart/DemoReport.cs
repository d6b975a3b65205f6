namespace Quickstart;

/// <summary>Writes one line for each step. On a terminal it also shows the progress of the current step.</summary>
internal sealed class DemoReport
{
    private readonly bool _isTerminal = !Console.IsOutputRedirected;
    private string _step = "";
    private int _shownLength;

    public bool AllSucceeded { get; private set; } = true;

    public void StartStep(string name)
    {
        _step = name;
        ShowProgress("...");
    }

    public void ShowProgress(string text)
    {
        if (_isTerminal)
        {
            string line = $"  {_step}: {text}";
            Console.Write("\r" + line.PadRight(_shownLength));
            _shownLength = line.Length;
        }
    }

    public void EndStep(bool succeeded, string result)
    {
        AllSucceeded &= succeeded;
        if (_isTerminal)
        {
            Console.Write("\r" + new string(' ', _shownLength) + "\r");
        }

        Console.WriteLine($"{(succeeded ? "✓" : "✗")} {_step}: {result}");
    }

    public void WriteSummary() => Console.WriteLine(AllSucceeded ? "All steps succeeded." : "At least one step failed.");
}
