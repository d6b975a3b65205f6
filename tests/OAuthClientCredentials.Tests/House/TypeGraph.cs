using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>
/// Which file of a project names a type of which other file, read by the compiler. Documentation and nameof do not count.
/// </summary>
internal sealed class TypeGraph
{
    private const string GlobalUsings =
        "global using System; global using System.Collections.Generic; global using System.IO; global using System.Linq; "
        + "global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks;";

    private static readonly MetadataReference[] Platform =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("OAuthClientCredentials", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private TypeGraph(IReadOnlyDictionary<string, HashSet<string>> arrows) => Arrows = arrows;

    /// <summary>For each node the nodes whose types it names.</summary>
    public IReadOnlyDictionary<string, HashSet<string>> Arrows { get; }

    /// <summary>The graph of the files of a folder, by their paths in it.</summary>
    public static TypeGraph OfFiles(string folder)
    {
        Dictionary<SyntaxTree, string> files = Repository.Files(folder, "*.cs")
            .ToDictionary(path => CSharpSyntaxTree.ParseText(Repository.Read(path)), path => path[(folder.Length + 1)..]);
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Graph",
            [.. files.Keys, CSharpSyntaxTree.ParseText(GlobalUsings)],
            Platform,
            new(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        Dictionary<string, HashSet<string>> arrows = [];
        foreach ((SyntaxTree tree, string file) in files)
        {
            SemanticModel model = compilation.GetSemanticModel(tree);
            IEnumerable<string> named = tree.GetRoot().DescendantNodes().OfType<SimpleNameSyntax>()
                .Where(name => !name.IsVar && !IsOnlyAName(name))
                .Select(name => model.GetSymbolInfo(name).Symbol)
                .Select(symbol => symbol as ITypeSymbol ?? (symbol as IMethodSymbol)?.ReducedFrom?.ContainingType)
                .SelectMany(type => type?.OriginalDefinition.DeclaringSyntaxReferences ?? [])
                .Select(reference => files[reference.SyntaxTree]);
            arrows[file] = [.. named.Where(other => other != file)];
        }

        return new(arrows);
    }

    /// <summary>The same graph with each room as one node. Files in the root stay nodes of their own.</summary>
    public TypeGraph ByRoom() => new(Arrows
        .SelectMany(arrow => arrow.Value, (arrow, to) => (From: RoomOf(arrow.Key), To: RoomOf(to)))
        .Where(arrow => arrow.From != arrow.To)
        .GroupBy(arrow => arrow.From, arrow => arrow.To)
        .ToDictionary(group => group.Key, group => group.ToHashSet()));

    /// <summary>All groups of nodes that reach each other, with the arrows inside them.</summary>
    public IEnumerable<string> Circles()
    {
        Dictionary<string, HashSet<string>> reachable = Arrows.Keys.ToDictionary(node => node, Reachable);
        HashSet<string> told = [];
        foreach (string node in reachable.Keys.Order(StringComparer.Ordinal))
        {
            string[] knot = [.. reachable[node].Where(other => reachable.GetValueOrDefault(other)?.Contains(node) == true)];
            if (knot.Length > 1 && told.Add(node))
            {
                told.UnionWith(knot);
                IEnumerable<string> arrows = knot.Order(StringComparer.Ordinal).Select(from => Describe(from, knot));
                yield return $"{knot.Length} in a knot: {string.Join("; ", arrows)}";
            }
        }
    }

    public static string RoomOf(string file) =>
        file.Contains('/', StringComparison.Ordinal) ? file.Split('/')[0] : Path.GetFileNameWithoutExtension(file);

    private string Describe(string from, string[] knot) =>
        $"{from} -> {string.Join(", ", Arrows[from].Intersect(knot).Order(StringComparer.Ordinal))}";

    private HashSet<string> Reachable(string start)
    {
        HashSet<string> seen = [];
        Stack<string> open = new(Arrows.GetValueOrDefault(start, []));
        while (open.TryPop(out string? node))
        {
            if (seen.Add(node))
            {
                foreach (string next in Arrows.GetValueOrDefault(node, []))
                {
                    open.Push(next);
                }
            }
        }

        return seen;
    }

    private static bool IsOnlyAName(SyntaxNode name) => name.Ancestors().Any(node =>
        node is InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } });
}
