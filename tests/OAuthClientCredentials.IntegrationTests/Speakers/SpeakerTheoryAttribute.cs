namespace OAuthClientCredentials.IntegrationTests.Speakers;

/// <summary>A test of a server program. It is skipped where the program is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SpeakerTheoryAttribute : TheoryAttribute
{
    public SpeakerTheoryAttribute(string program)
    {
        if (SpeakerProcess.Find(program) is null)
        {
            Skip = $"{program} is not installed; on Debian run: apt-get install {program}";
        }
    }
}
