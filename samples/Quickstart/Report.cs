namespace Quickstart;

/// <summary>Plain lines, and on a terminal what is going on meanwhile.</summary>
internal sealed class Report
{
    private readonly bool _isLive = !Console.IsOutputRedirected;
    private string _scene = "";
    private int _shown;

    public bool AllHeld { get; private set; } = true;

    public void Line(string text) => Console.WriteLine(text);

    public void Begin(string scene)
    {
        _scene = scene;
        Progress("...");
    }

    public void Progress(string text)
    {
        if (_isLive)
        {
            string line = $"  {_scene}: {text}";
            Console.Write("\r" + line.PadRight(_shown));
            _shown = line.Length;
        }
    }

    public void End(bool held, string outcome)
    {
        AllHeld &= held;
        if (_isLive)
        {
            Console.Write("\r" + new string(' ', _shown) + "\r");
        }

        Console.WriteLine($"{(held ? "✓" : "✗")} {_scene}: {outcome}");
    }
}
