using System.Reflection;
using CsCheck;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>Two tokens have one identity only if nothing that shapes a token differs.</summary>
public sealed class TokenIdentityTests
{
    // Few letters, so that equal fields and shifted boundaries are common; and what a careless encoding would use as a delimiter.
    private static readonly Gen<string> Text = Gen.Char["ab:|,;_=&/\u00e9"].Array[1, 4].Select(letters => new string(letters));

    private static readonly Gen<string> ScopeToken = Gen.Char["ab:|,;_=&/"].Array[1, 4].Select(letters => new string(letters));

    private static readonly Gen<string[]?> Scopes =
        Gen.OneOf(Gen.Const((string[]?)null), ScopeToken.Array[0, 3].Select(scopes => (string[]?)scopes));

    private static readonly Gen<string[]?> Resources = Gen.OneOf(
        Gen.Const((string[]?)null),
        ScopeToken.Array[0, 2].Select(paths => (string[]?)[.. paths.Select(path => $"https://api.example.com/{path}")]));

    private static readonly Gen<string?> Optional = Gen.OneOf(Gen.Const((string?)null), Text.Select(text => (string?)text));

    private static readonly Gen<(string Name, string Value)[]> Parameters = Gen
        .Select(Gen.Char["abx_"].Array[1, 2].Select(letters => $"x{new string(letters)}"), Text)
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
    [Trait("Req", "R-072")]
    public async Task Unpaired_surrogates_that_differ_make_different_keys()
    {
        await using TokenProvider tokens = Create(_ => { });
        Assert.NotEqual(tokens.KeyOf("", new() { Audience = "a\uD800" }), tokens.KeyOf("", new() { Audience = "a\uD801" }));
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
    public void Every_option_stands_in_the_table_with_its_role()
    {
        string[] properties = [.. typeof(ClientCredentialsOptions).GetProperties().Select(property => property.Name)];
        IEnumerable<string> methods = typeof(ClientCredentialsOptions).GetMethods()
            .Select(method => method.Name)
            .Where(name => name.StartsWith("Use", StringComparison.Ordinal));
        Assert.Equal(
            properties.Concat(methods).Order(StringComparer.Ordinal),
            OptionTable.All.Select(option => option.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Options))]
    [Trait("Req", "R-070")]
    [Trait("Req", "R-073")]
    [Trait("Req", "R-074")]
    public void A_changed_option_changes_key_and_credential_as_its_role_says(string name)
    {
        ClientOption option = OptionTable.All.Single(option => option.Name == name);
        PropertyInfo property = typeof(ClientCredentialsOptions).GetProperty(name)!;
        Gen.Select(Values(property.PropertyType), Values(property.PropertyType)).Where(pair => !IsSame(pair.Item1, pair.Item2)).Sample(
            pair =>
            {
                ClientCredentialsOptions one = With(property, pair.Item1);
                ClientCredentialsOptions other = With(property, pair.Item2);
                Assert.Equal(!option.ShapesToken(isByMutualTls: true), KeyOf(one) == KeyOf(other));
                Assert.Equal(!option.IsCredential, OptionTable.HaveSameCredential(one, other));
                Assert.False(OptionTable.AreSame(one, other));
                Assert.True(OptionTable.AreSame(one, With(property, pair.Item1)));
            },
            iter: 200,
            threads: 1);
    }

    [Fact]
    [Trait("Req", "R-073")]
    public void No_credential_changes_the_key()
    {
        foreach (ClientOption option in OptionTable.All.Where(option => option is { Role: OptionRole.Credential, IsSetInCode: false }))
        {
            PropertyInfo property = typeof(ClientCredentialsOptions).GetProperty(option.Name)!;
            object value = property.PropertyType == typeof(string) ? "canary" : TimeSpan.FromSeconds(1);
            Assert.Equal(KeyOf(With(property, property.GetValue(new ClientCredentialsOptions()))), KeyOf(With(property, value)));
        }
    }

    public static TheoryData<string> Options() => [.. OptionTable.All.Where(option => !option.IsSetInCode).Select(option => option.Name)];

    // With a certificate and an explicit method, so that no other option decides how tokens are requested.
    private static ClientCredentialsOptions With(PropertyInfo property, object? value)
    {
        ClientCredentialsOptions options = new()
        {
            TokenEndpoint = "https://id.example.com/token",
            ClientId = "shop",
            AuthenticationMethod = "tls_client_auth",
            CertificateFile = "/run/tls.pem",
        };
        property.SetValue(options, value);
        return options;
    }

    private static string KeyOf(ClientCredentialsOptions options)
    {
        ClientSettings settings = new(new("", "ClientCredentials", "shop", null, TimeProvider.System), options);
        return TokenIdentity.Compute("", options, settings.DefaultRequest);
    }

    private static Gen<object?> Values(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => Text.Select(text => (object?)$"[\"{text}\"]"),
        TypeCode.Boolean => Gen.Bool.Select(value => (object?)value),
        TypeCode.Int32 when type.IsEnum => Gen.Int[0, 1].Select(value => (object?)Enum.ToObject(type, value)),
        TypeCode.Int32 => Gen.Int[1, 9].Select(value => (object?)value),
        _ when type == typeof(TimeSpan) => Gen.Int[1, 9].Select(seconds => (object?)TimeSpan.FromSeconds(seconds)),
        _ when type == typeof(IList<string>) => Gen.Char["abc"].Array[0, 2].Select(letters => (object?)Addresses(letters)),
        _ => Parameters.Select(pairs => (object?)pairs.ToDictionary(pair => pair.Name, pair => pair.Value)),
    };

    private static List<string> Addresses(char[] letters) =>
        [.. letters.Distinct().Order().Select(letter => $"https://{letter}.example.com")];

    private static bool IsSame(object? left, object? right) => (left, right) switch
    {
        (IList<string> lefts, IList<string> rights) => lefts.SequenceEqual(rights),
        (Dictionary<string, string> lefts, Dictionary<string, string> rights) => lefts.Count == rights.Count && lefts.All(rights.Contains),
        _ => Equals(left, right),
    };

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
