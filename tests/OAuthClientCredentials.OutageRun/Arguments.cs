namespace OAuthClientCredentials.OutageRun;

/// <summary>The command line.</summary>
internal sealed record Arguments(bool WithBrowser, string? Pictures)
{
    /// <exception cref="OutageRunException">There is an unknown argument, or the folder is missing.</exception>
    public static Arguments Read(string[] arguments)
    {
        Arguments result = new(WithBrowser: true, Pictures: null);
        Queue<string> rest = new(arguments);
        while (rest.TryDequeue(out string? argument))
        {
            if (argument == "--without-browser")
            {
                result = result with { WithBrowser = false };
            }
            else if (argument == "--pictures" && rest.TryDequeue(out string? folder))
            {
                result = result with { Pictures = folder };
            }
            else
            {
                throw new OutageRunException($"Unknown argument '{argument}'. Use --without-browser or --pictures DIR.");
            }
        }

        return result;
    }
}
