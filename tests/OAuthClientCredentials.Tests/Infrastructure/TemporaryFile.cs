namespace OAuthClientCredentials.Tests.Infrastructure;

/// <summary>A file of one test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string content) => Write(content);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());

    public void Write(string content) => File.WriteAllText(Path, content);

    public void Dispose() => File.Delete(Path);
}
