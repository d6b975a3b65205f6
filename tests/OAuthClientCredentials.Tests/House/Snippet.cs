using System.Reflection;
using System.Runtime.Loader;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.Emit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>A block of code on a page. A test replaces addresses and paths by its own, and runs the code as it stands.</summary>
/// <param name="Key">The page and the heading, with a number from the second block of a heading on.</param>
/// <param name="Language">The language of the block.</param>
/// <param name="Code">The code.</param>
internal sealed partial record Snippet(string Key, string Language, string Code)
{
    /// <summary>The blocks of a page in their order.</summary>
    public static IEnumerable<Snippet> On(string page)
    {
        string heading = "";
        Dictionary<string, int> counts = [];
        foreach (Match match in HeadingOrBlock().Matches(Repository.Read(page).ReplaceLineEndings("\n")))
        {
            if (match.Groups["heading"].Success)
            {
                heading = match.Groups["heading"].Value;
                continue;
            }

            string language = match.Groups["language"].Value;
            string key = $"{page}: {heading}";
            int number = counts[$"{key} {language}"] = counts.GetValueOrDefault($"{key} {language}") + 1;
            yield return new(number == 1 ? key : $"{key} {number}", language, match.Groups["code"].Value);
        }
    }

    public static Snippet Of(string key, string language = "csharp") =>
        On(key.Split(": ")[0]).Single(snippet => snippet.Key == key && snippet.Language == language);

    /// <summary>Replaces what the page prints, for instance an address, by what the test has.</summary>
    public Snippet With(string printed, string real)
    {
        Assert.Contains(printed, Code, StringComparison.Ordinal);
        return this with { Code = Code.Replace(printed, real, StringComparison.Ordinal) };
    }

    /// <summary>Runs the statements, which may use these objects by the names that the pages use.</summary>
    public Task RunAsync(
        IServiceCollection? services = null,
        IConfiguration? configuration = null,
        HttpClient? httpClient = null,
        params string[] args)
    {
        Assembly assembly = Load();
        Type given = assembly.GetType("Given")!;
        given.GetField("services")!.SetValue(null, services);
        given.GetField("configuration")!.SetValue(null, configuration);
        given.GetField("httpClient")!.SetValue(null, httpClient);
        object?[]? arguments = assembly.EntryPoint!.GetParameters().Length == 0 ? null : [args];
        return Task.Run(() => assembly.EntryPoint!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null));
    }

    /// <summary>The one public type of a block without statements.</summary>
    public Type LoadType() => Load().GetExportedTypes().Single();

    private Assembly Load()
    {
        using MemoryStream stream = new();
        EmitResult result = ReadmeTests.Compile(Code).Emit(stream);
        Assert.True(result.Success, $"{Key}\n{string.Join('\n', result.Diagnostics)}");
        stream.Position = 0;
        return new AssemblyLoadContext(Key, isCollectible: true).LoadFromStream(stream);
    }

    [GeneratedRegex("^#+ (?<heading>[^\n]+)$|^```(?<language>\\w*)\n(?<code>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex HeadingOrBlock();
}
