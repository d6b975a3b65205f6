using System.Text;
using OAuthClientCredentials.Authentication;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>The page of mistakes shows the message of each, at start or at the first call. The message names what to change.</summary>
public sealed class MistakesTests
{
    private const string Page = "samples/Recipes/MISTAKES.md";

    public static TheoryData<string> TimeSpans =>
        [.. typeof(ClientCredentialsOptions).GetProperties()
            .Where(option => option.PropertyType == typeof(TimeSpan))
            .Select(option => option.Name)];

    [Fact]
    [Trait("Req", "R-364")]
    public async Task Each_mistake_has_the_message_that_the_page_shows()
    {
        StringBuilder table = new("| mistake | message |\n|---|---|\n");
        foreach (Mistake mistake in CommonMistakes.All)
        {
            string message = await mistake.MessageAsync();
            table.Append($"| {mistake.What} | {message.ReplaceLineEndings("<br>")} |\n");
        }

        string page = Repository.Read(Page).ReplaceLineEndings("\n");
        Assert.True(page.EndsWith($"\n\n{table}", StringComparison.Ordinal), $"The table of {Page} is:\n{table}");
    }

    [Fact]
    [Trait("Req", "R-364")]
    public void One_mistake_has_one_message()
    {
        string[] rows = [.. Repository.Read(Page).Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1)];
        Assert.InRange(rows.Length, 30, 100);
        Assert.DoesNotContain(rows, row => row.Contains("<br>", StringComparison.Ordinal));
    }

    [Theory]
    [Trait("Req", "R-364")]
    [MemberData(nameof(TimeSpans))]
    public async Task Number_is_an_error_for_each_time_span(string option)
    {
        const string Problem = "is a number, which .NET reads as days. Write hours, minutes and seconds: 00:00:07 for 7 s.";
        await using TestProvider provider = TestProvider.FromConfiguration([.. TestProvider.Settings("orders"), ($"orders:{option}", "7")]);
        Assert.Equal($"ClientCredentials:orders:{option} {Problem}", Assert.Single(provider.ValidateOnStart()));
    }

    [Fact]
    [Trait("Req", "R-364")]
    public async Task Largest_number_of_days_is_an_error_too()
    {
        (string, string?) timeout = ("orders:Timeout", "10675199");
        await using TestProvider provider = TestProvider.FromConfiguration([.. TestProvider.Settings("orders"), timeout]);
        Assert.Contains("for 10675199 s", Assert.Single(provider.ValidateOnStart()), StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Req", "R-364")]
    [InlineData("${ORDERS_SECRET:-none}", true)]
    [InlineData("$(secret)", true)]
    [InlineData("<your secret>", true)]
    [InlineData("%ORDERS_SECRET%", true)]
    [InlineData("{{secret}}", true)]
    [InlineData("#{secret}", true)]
    [InlineData("#{secret}#", true)]
    [InlineData("__OrdersSecret__", true)]
    [InlineData("@Microsoft.KeyVault(VaultName=v;SecretName=s)", true)]
    [InlineData("$ecret", false)]
    [InlineData("${a/b+c}", false)]
    [InlineData("<a~b>", false)]
    [InlineData("%a%b%", false)]
    [InlineData("%%", false)]
    [InlineData("____", false)]
    [InlineData("a b", false)]
    [InlineData("changeme", false)]
    public void Placeholder_is_a_problem_and_a_possible_secret_is_not(string text, bool isPlaceholder) =>
        Assert.Equal(isPlaceholder, TextRules.Check(text) is not null);

    [Theory]
    [Trait("Req", "R-364")]
    [InlineData("Scope", "Scopes")]
    [InlineData("CleintId", "ClientId")]
    [InlineData("client-secret", "ClientSecret")]
    [InlineData("Secret", "ClientSecret")]
    [InlineData("Endpoint", "TokenEndpoint")]
    [InlineData("MaxRetry", "MaxRetryAfter")]
    [InlineData("Id", null)]
    [InlineData("Url", null)]
    [InlineData("", null)]
    public void Nearest_name_has_at_most_two_edits_or_is_longer(string name, string? expected) =>
        Assert.Equal(expected, NearestName.Find(name, OptionTable.Names));
}
