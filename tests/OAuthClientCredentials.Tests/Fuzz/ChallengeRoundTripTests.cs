using System.Net;
using System.Text;
using OAuthClientCredentials.Api;

namespace OAuthClientCredentials.Tests.Fuzz;

/// <summary>Challenges that are written in any way that RFC 9110 allows are read as what they were.</summary>
public sealed class ChallengeRoundTripTests
{
    private const string Token68Characters = "abcXYZ019-._~+/";
    private const string TextCharacters = "abc XYZ,=;\"\\:/\t\u00e9()<>@[]{}";

    [Fact]
    [Trait("Req", "R-130")]
    [Trait("Req", "R-131")]
    public void What_is_written_in_any_way_is_read_as_it_was()
    {
        Random random = new(130);
        for (int round = 0; round < 20_000; round++)
        {
            using HttpResponseMessage response = new(HttpStatusCode.Unauthorized);
            List<Challenge> expected = [];
            for (int line = random.Next(1, 4); line > 0; line--)
            {
                Assert.True(response.Headers.TryAddWithoutValidation("WWW-Authenticate", Line(random, expected)));
            }

            IReadOnlyList<Challenge> read = Challenges.Read(response);
            Assert.True(expected.SequenceEqual(read), string.Join('\n', response.Headers.NonValidated["WWW-Authenticate"]));
        }
    }

    private static string Line(Random random, List<Challenge> expected) =>
        Separators(random, 0) + string.Join("", Enumerable.Range(0, random.Next(1, 5)).Select(_ => Write(random, expected) + Separators(random, 1)));

    private static string Write(Random random, List<Challenge> expected)
    {
        string scheme = Grammar.Name(random);
        switch (random.Next(4))
        {
            case 0:
                expected.Add(new(scheme, null));
                return scheme;
            case 1:
                expected.Add(new(scheme, null));
                return scheme + Spaces(random, 1) + Characters(random, Token68Characters, 1) + new string('=', random.Next(3));
            default:
                List<(string Name, string Value)> parameters = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (Grammar.Pick(random, "error", "Error", "error_description", "realm", Grammar.Name(random)), Value(random)))];
                expected.Add(new(scheme, parameters.Where(parameter => parameter.Name.Equals("error", StringComparison.OrdinalIgnoreCase)).Select(parameter => parameter.Value).FirstOrDefault()));
                return scheme + Spaces(random, 1) + string.Join("", parameters.Select((parameter, index) => (index == 0 ? "" : Separators(random, 1)) + parameter.Name + Spaces(random, 0) + "=" + Spaces(random, 0) + Quote(random, parameter.Value)));
        }
    }

    private static string Value(Random random) => Grammar.Pick(random, "invalid_token", "Bearer error=\"x\", DPoP", Grammar.Name(random), Characters(random, TextCharacters, 0));

    private static string Quote(Random random, string value)
    {
        if (value.Length > 0 && random.Next(2) == 0 && value.All(character => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal)))
        {
            return value;
        }

        StringBuilder quoted = new("\"");
        foreach (char character in value)
        {
            quoted.Append(character is '"' or '\\' || random.Next(8) == 0 ? "\\" : "").Append(character);
        }

        return quoted.Append('"').ToString();
    }

    private static string Separators(Random random, int least) =>
        string.Concat(Enumerable.Range(0, least + (random.Next(3) == 0 ? random.Next(3) : 0)).Select(_ => Spaces(random, 0) + "," + Spaces(random, 0)));

    private static string Spaces(Random random, int least) => string.Concat(Enumerable.Range(0, least + (random.Next(3) == 0 ? random.Next(3) : 0)).Select(_ => random.Next(3) == 0 ? '\t' : ' '));

    private static string Characters(Random random, string from, int least) => string.Concat(Enumerable.Range(0, least + random.Next(12)).Select(_ => from[random.Next(from.Length)]));
}
