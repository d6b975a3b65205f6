using CsCheck;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Two tokens have one identity only if nothing that shapes a token differs.</summary>
public sealed class TokenIdentityTests
{
    // Few letters, so that equal fields and shifted boundaries are common; and what a careless encoding would use as a delimiter.
    private static readonly Gen<string> Text = Gen.Char["ab:|,;_=&/\u00e9"].Array[1, 4].Select(letters => new string(letters));

    private static readonly Gen<string> ScopeToken = Gen.Char["ab:|,;_=&/"].Array[1, 4].Select(letters => new string(letters));

    private static readonly Gen<string[]?> Scopes = Gen.OneOf(Gen.Const((string[]?)null), ScopeToken.Array[0, 3].Select(scopes => (string[]?)scopes));

    private static readonly Gen<string[]?> Resources = Gen.OneOf(Gen.Const((string[]?)null), ScopeToken.Array[0, 2].Select(paths => (string[]?)[.. paths.Select(path => $"https://api.example.com/{path}")]));

    private static readonly Gen<string?> Optional = Gen.OneOf(Gen.Const((string?)null), Text.Select(text => (string?)text));

    private static readonly Gen<(string Name, string Value)[]> Parameters = Gen.Select(Gen.Char["abx_"].Array[1, 2].Select(letters => $"x{new string(letters)}"), Text)
        .Array[0, 2]
        .Select(pairs => pairs.DistinctBy(pair => pair.Item1).Select(pair => (pair.Item1, pair.Item2)).ToArray());

    private static readonly Gen<TokenRequest> Requests = Gen.Select(Scopes, Resources, Optional, Optional, Parameters)
        .Select(fields => new TokenRequest
        {
            Scopes = fields.Item1,
            Resources = fields.Item2,
            Audience = fields.Item3,
            AuthorizationDetails = fields.Item4 is null ? null : $$"""[{"type":"{{fields.Item4}}"}]""",
            Parameters = fields.Item5.ToDictionary(pair => pair.Name, pair => pair.Value),
        });

    [Fact]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-071")]
    [Trait("Req", "R-072")]
    public async Task Requests_that_differ_in_any_field_share_neither_key_nor_source()
    {
        await using TokenProvider tokens = Create(_ => { });
        Gen.Select(Requests, Requests).Sample(
            pair =>
            {
                (TokenRequest one, TokenRequest other) = pair;
                bool isSame = Canonical(one) == Canonical(other);
                Assert.Equal(isSame, tokens.KeyOf("", one) == tokens.KeyOf("", other));
                Assert.Equal(isSame, ReferenceEquals(tokens.GetSource("", one), tokens.GetSource("", other)));
            },
            iter: 20_000,
            threads: 1);
    }

    [Fact]
    [Trait("Req", "R-075")]
    public async Task The_order_of_scopes_is_nothing_and_their_case_is()
    {
        await using TokenProvider tokens = Create(_ => { });
        ScopeToken.Array[1, 5].Select(scopes => (scopes, Gen.Shuffle(scopes).Single())).Sample(
            pair => Assert.Equal(tokens.KeyOf("", new() { Scopes = pair.scopes }), tokens.KeyOf("", new() { Scopes = pair.Item2 })),
            iter: 2_000,
            threads: 1);
        Assert.NotEqual(tokens.KeyOf("", new() { Scopes = ["a"] }), tokens.KeyOf("", new() { Scopes = ["A"] }));
    }

    [Fact]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-073")]
    public async Task Each_option_that_shapes_a_token_changes_the_key_and_the_secret_does_not()
    {
        Action<ClientCredentialsOptions>[] changes =
        [
            _ => { },
            options => options.ClientId = "other",
            options => options.TokenEndpoint = "https://id.example.com/other",
            options => options.Authority = "https://id.example.com",
            options => options.AuthenticationMethod = "client_secret_post",
            options => options.Scopes = ["a"],
            options => options.Scopes = ["a", "b"],
            options => options.Resources = ["https://a.example.com"],
            options => options.Audience = "a",
            options => options.AuthorizationDetails = """[{"type":"a"}]""",
            options => options.Parameters["extra"] = "a",
            options => options.Parameters["a"] = "extra",
        ];
        HashSet<string> keys = [];
        foreach (Action<ClientCredentialsOptions> change in changes)
        {
            await using TokenProvider tokens = Create(change);
            Assert.True(keys.Add(tokens.KeyOf("", null)));
        }

        await using TokenProvider rotated = Create(options => options.ClientSecret = "rotated");
        Assert.Contains(rotated.KeyOf("", null), keys);
    }

    // Sets are the weakest of all equalities that a server could mean; null is the client's own choice, which here is none.
    private static string Canonical(TokenRequest request) => string.Join(
        '\n',
        [
            Set(request.Scopes),
            Set(request.Resources),
            request.Audience ?? "\t",
            request.AuthorizationDetails ?? "\t",
            Set(request.Parameters?.Select(pair => $"{pair.Key}\0{pair.Value}")),
        ]);

    private static string Set(IEnumerable<string>? values) => string.Join(' ', (values ?? []).Distinct().Order(StringComparer.Ordinal));

    private static TokenProvider Create(Action<ClientCredentialsOptions> configure) => TokenProvider.Create(
        options =>
        {
            (options.TokenEndpoint, options.ClientId, options.ClientSecret) = ("https://id.example.com/token", "shop", "secret");
            configure(options);
        });
}
