using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace OAuthClientCredentials.OutageRun;

/// <summary>Searches the pages of the sample for its client ids, its secret and its tokens.</summary>
/// <remarks>
/// The secret and the tokens are random numbers that the sample shows nowhere. This program therefore searches for their form, and for
/// words that have the fingerprint of a token, which the state shows.
/// </remarks>
internal sealed partial class LeakCheck(SampleProcess sample, Report report)
{
    private static readonly string[] Pages = ["/metrics", "/health", "/state"];
    private static readonly string[] ClientIds = ["shop-orders", "shop-billing"];

    private readonly HashSet<string> _fingerprints = [];
    private int _texts;
    private long _characters;
    private int _words;

    public async Task CheckAsync(string scene)
    {
        foreach (Match fingerprint in Fingerprint().Matches(await sample.ReadAsync("/state")))
        {
            _fingerprints.Add(fingerprint.Groups[1].Value.ToUpperInvariant());
        }

        foreach (string page in Pages)
        {
            string text = await sample.ReadAsync(page);
            string[] words = [.. Word().Matches(text).Select(word => word.Value)];
            (_texts, _characters, _words) = (_texts + 1, _characters + text.Length, _words + words.Length);
            foreach (string id in ClientIds.Where(id => text.Contains(id, StringComparison.OrdinalIgnoreCase)))
            {
                report.Add($"{page} contains the client id {id} ({scene})");
            }

            report.Require(!Array.Exists(words, IsToken), $"{page} contains a token ({scene})");
            report.Require(!RandomNumber().IsMatch(text), $"{page} contains a random number: {RandomNumber().Match(text).Value} ({scene})");
        }
    }

    public void Print()
    {
        Report.Title("Client ids, secrets and tokens in the texts of the sample");
        Report.Row("texts", "characters", "words", "fingerprints of tokens");
        Report.Row(_texts, _characters, _words, _fingerprints.Count);
        report.Require(_fingerprints.Count > 1, "/state showed no fingerprint of a renewed token");
        string source = File.ReadAllText(Path.Combine(Repository.Sample, "Demo", "DemoServer.cs"));
        report.Require(
            Array.TrueForAll(ClientIds, id => source.Contains($"\"{id}\"", StringComparison.Ordinal)) && HexString().Count(source) == 2,
            "the sample has other client ids or secrets than those that this program searches for");
    }

    private bool IsToken(string word) =>
        _fingerprints.Contains(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(word)))[..8]);

    [GeneratedRegex("okenFingerprint\"\\s*:\\s*\"([0-9A-Fa-f]{8})\"")]
    private static partial Regex Fingerprint();

    [GeneratedRegex("[A-Za-z0-9._~+/-]{12,}=*")]
    private static partial Regex Word();

    // The secret has 32 and a token has 40 of these digits.
    [GeneratedRegex("[0-9A-F]{32,}")]
    private static partial Regex RandomNumber();

    // Where the sample makes the secret and the tokens.
    [GeneratedRegex("RandomNumberGenerator\\.GetHexString\\((32|40)\\)")]
    private static partial Regex HexString();
}
