namespace OAuthClientCredentials.Soak;

/// <summary>Live bytes during a run. They are stable if the last third needs no more than the middle third.</summary>
internal sealed class MemorySamples
{
    private readonly List<long> _samples = [];

    public void Add() => _samples.Add(GC.GetTotalMemory(forceFullCollection: true));

    public void ReportTo(Report report)
    {
        int third = _samples.Count / 3;
        double middle = _samples.Skip(third).Take(third).Average();
        double last = _samples.Skip(2 * third).Average();
        report.Note("live kB", string.Join(' ', _samples.Select(bytes => bytes / 1024)));
        report.AtMost("live memory of the last third / middle third", last / middle, 1.1);
    }
}
