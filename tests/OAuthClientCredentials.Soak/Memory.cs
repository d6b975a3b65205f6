namespace OAuthClientCredentials.Soak;

/// <summary>Live bytes over a run: flat when the last third needs no more than the middle one.</summary>
internal sealed class Memory
{
    private readonly List<long> _samples = [];

    public void Sample() => _samples.Add(GC.GetTotalMemory(forceFullCollection: true));

    public void ReportTo(Report report)
    {
        int third = _samples.Count / 3;
        double middle = _samples.Skip(third).Take(third).Average();
        double last = _samples.Skip(2 * third).Average();
        report.Note("live kB", string.Join(' ', _samples.Select(bytes => bytes / 1024)));
        report.AtMost("live memory of the last third over the middle one", last / middle, 1.1);
    }
}
