using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Api;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Diagnostics;

/// <summary>The table of metrics in the README lists exactly what the library measures.</summary>
public sealed partial class MetricTableTests
{
    private static readonly X509Certificate2 Certificate = Certificates.Create();

    [Fact]
    [Trait("Req", "R-334")]
    public async Task The_metric_table_names_every_instrument_with_its_attributes()
    {
        TestAuthorizationServer server = new(new TestTimeProvider());
        await using ApiClient api = new(server, ApiClient.RejectFirstToken, outside: AddSharedCache, client: UseCertificate);
        using Measurements measured = new(api.Services);
        using HttpResponseMessage first = await api.Http.GetAsync("/");
        server.Outage();
        await Assert.ThrowsAsync<TokenRequestException>(() => api.Http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "/").SetTokenRequest(TestProvider.Scope("other"))));
        IEnumerable<string> found =
            from series in measured.Series.Concat(measured.CollectAll())
            let parts = series.Split('{', '}')
            group Attribute().Matches(parts[1]).Select(match => match.Groups[1].Value) by parts[0] into sets
            let instrument = measured.Instruments[sets.Key]
            let kind = instrument.GetType().Name.Split('`')[0]
            select $"`{sets.Key}` | {kind}, {instrument.Unit} | {Names(sets.SelectMany(set => set))}";
        string[] lines = Repository.Read("README.md").ReplaceLineEndings("\n").Split('\n');
        string[] rows = [.. lines.Where(line => line.StartsWith("| `oauth.client.", StringComparison.Ordinal))];
        Assert.Equal(8, rows.Length);
        Assert.Equal(
            rows.Select(row => string.Join('|', row.Split('|')[1..4]).Trim()).Order(StringComparer.Ordinal),
            found.Order(StringComparer.Ordinal));
    }

    private static void UseCertificate(ClientCredentialsOptions options)
    {
        (options.ClientSecret, options.AuthenticationMethod) = (null, "tls_client_auth");
        options.UseCertificate(_ => new(Certificate));
    }

    private static void AddSharedCache(IHttpClientBuilder builder)
    {
        builder.Services.AddDistributedMemoryCache().AddDataProtection();
        builder.Services.AddClientCredentials("orders", _ => { }).AddSharedTokenCache();
    }

    private static string Names(IEnumerable<string> attributes) =>
        string.Join(", ", attributes.Distinct().Order(StringComparer.Ordinal).Select(name => $"`{name}`"));

    [GeneratedRegex("([a-z_.]+)=")]
    private static partial Regex Attribute();
}
