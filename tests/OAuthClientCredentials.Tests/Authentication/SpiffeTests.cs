using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>Client authentication with a JWT-SVID or an X.509-SVID (draft-ietf-oauth-spiffe-client-auth-02).</summary>
public sealed class SpiffeTests : IDisposable
{
    private const string Id = "spiffe://example.org/shop";
    private const string JwtSpiffe = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe";
    private const string Golden = """
        POST https://id.example.com/token
        Accept: application/json
        Content-Type: application/x-www-form-urlencoded

        grant_type=client_credentials&client_id=spiffe%3A%2F%2Fexample.org%2Fshop
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string SvidFile => Path.Combine(_folder, "jwt_svid.token");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [Trait("Req", "R-369")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Token_request_has_the_JWT_SVID_with_its_type_and_may_repeat_it(bool isCallback)
    {
        using TestTrustDomain domain = new("https://id.example.com");
        string svid = domain.Issue(Id, Certificates.Start);
        await File.WriteAllTextAsync(SvidFile, svid + "\n");
        using RecordingHandler server = new();
        await using TestTokenClient client = new(options => Configure(options, isCallback, svid), handler: server);
        await client.RequestAsync();
        await client.RequestAsync();
        string expected = $"{Golden}&client_assertion_type={Uri.EscapeDataString(JwtSpiffe)}&client_assertion={svid}";
        Assert.Equal([expected, expected], server.Requests);
    }

    [Theory]
    [Trait("Req", "R-369")]
    [InlineData(false, "jwt_svid.token' contains an expired assertion")]
    [InlineData(true, "UseClientAssertion returned an expired assertion")]
    public async Task Expired_SVID_is_named_and_not_sent(bool isCallback, string problem)
    {
        using TestTrustDomain domain = new("https://id.example.com");
        string svid = domain.Issue(Id, Certificates.Start.AddSeconds(-300));
        await File.WriteAllTextAsync(SvidFile, svid);
        await using TestTokenClient client = new(options => Configure(options, isCallback, svid));
        TokenRequestException exception = await client.FailAsync();
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(svid, exception.ToString(), StringComparison.Ordinal);
        Assert.Equal((true, 0), (exception.IsTransient, client.Server.Requests.Count));
    }

    [Fact]
    [Trait("Req", "R-369")]
    public async Task Method_is_part_of_the_identity_of_a_token()
    {
        await using TestProvider svid = new(options => Configure(options, isCallback: false, ""));
        await using TestProvider assertion = new(options =>
        {
            Configure(options, isCallback: false, "");
            options.AuthenticationMethod = "private_key_jwt";
        });
        Assert.NotEqual(svid.Tokens.KeyOf("", TokenRequest.Default), assertion.Tokens.KeyOf("", TokenRequest.Default));
    }

    /// <summary>The token has the serial number of the SVID that the server verified.</summary>
    [Fact]
    [Trait("Req", "R-369")]
    public async Task No_call_fails_during_a_rotation_and_each_attempt_has_the_newest_SVID()
    {
        using TestTrustDomain domain = new("https://id.example.com");
        await using LoopbackServer server = await LoopbackServer.StartAsync(context => RespondAsync(context, domain));
        int newest = 0;
        Replace(domain.Issue(Id, DateTimeOffset.UtcNow));
        await using TokenProvider tokens = TokenProvider.Create(options =>
        {
            (options.Authority, options.TokenEndpoint, options.ClientId) = ("https://id.example.com", $"{server.Address}token", Id);
            (options.AuthenticationMethod, options.ClientAssertionFile, options.MaxRetries) = ("spiffe_jwt", SvidFile, 0);
        });
        using CancellationTokenSource stop = new();
        Task rotation = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                Replace(domain.Issue(Id, DateTimeOffset.UtcNow, newest + 1));
                Interlocked.Increment(ref newest);
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (int call = 0; call < 40; call++)
            {
                // Each call needs a new token: no two have the same scope.
                int oldest = Volatile.Read(ref newest);
                AccessToken token = await tokens.GetTokenAsync("", new TokenRequest { Scopes = [$"{caller}.{call}"] });
                Assert.InRange(int.Parse(token.Value.Split('-')[1], null), oldest, int.MaxValue);
            }
        })));
        await stop.CancelAsync();
        await rotation;
        Assert.Equal(320, server.Requests.Count);
        Assert.InRange(newest, 10, int.MaxValue);
    }

    [Theory]
    [Trait("Req", "R-369")]
    [InlineData("C=US, O=SPIRE")]
    [InlineData("")]
    public async Task X509_SVID_of_two_files_is_shown_with_its_intermediate(string subject)
    {
        using TestAuthority domain = new("spiffe");
        using TestAuthority server = new("server");
        using X509Certificate2 svid = domain.IssueSvid(Id, subject);
        string file = Path.Combine(_folder, "svid.pem");
        string keyFile = Path.Combine(_folder, "svid_key.pem");
        await File.WriteAllTextAsync(file, $"{svid.ExportCertificatePem()}\n{domain.IntermediatePem}\n");
        await File.WriteAllTextAsync(keyFile, Certificates.KeyPem(svid));
        HttpsConnectionAdapterOptions https = server.ForServer();
        (https.ClientCertificateMode, https.ClientCertificateValidation) =
            (ClientCertificateMode.RequireCertificate, (certificate, chain, _) => IsValid(certificate, chain!, domain));
        await using LoopbackServer endpoint = await LoopbackServer.StartAsync(
            context => context.Response.WriteAsync("""{"access_token":"abc","token_type":"Bearer","expires_in":3600}"""),
            https: https);
        await using TestProvider provider = TestProvider.WithServices(
            services => services.AddClientCredentials(options =>
            {
                (options.TokenEndpoint, options.ClientId, options.AuthenticationMethod) = ($"{endpoint.Address}token", Id, "spiffe_x509");
                (options.CertificateFile, options.CertificateKeyFile) = (file, keyFile);
            }),
            new(TimeProvider.System),
            server.CreateHandler());
        Assert.Equal("abc", await provider.GetAsync());
        Assert.Equal(Golden.Split('\n')[^1], Assert.Single(endpoint.Requests).Text);
    }

    private static async Task RespondAsync(HttpContext context, TestTrustDomain domain)
    {
        IFormCollection form = await context.Request.ReadFormAsync();
        Assert.Equal(JwtSpiffe, form["client_assertion_type"]);
        if (domain.Verify(form["client_assertion"]!, DateTimeOffset.UtcNow) is not { } claims
            || (string)claims["sub"]! != form["client_id"])
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        int serial = (int)claims["serial"]!;
        await context.Response.WriteAsync($$"""{"access_token":"svid-{{serial}}","token_type":"Bearer","expires_in":3600}""");
    }

    // The client sends the intermediate, and the server knows only the root (section 3.2).
    private static bool IsValid(X509Certificate2 certificate, X509Chain sent, TestAuthority domain)
    {
        using X509Chain chain = new() { ChainPolicy = domain.Trust() };
        chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        string names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().Format(multiLine: false);
        return chain.Build(certificate) && names.EndsWith(Id, StringComparison.Ordinal);
    }

    private void Configure(ClientCredentialsOptions options, bool isCallback, string svid)
    {
        (options.ClientId, options.ClientSecret, options.AuthenticationMethod) = (Id, null, "spiffe_jwt");
        if (isCallback)
        {
            options.UseClientAssertion(_ => new(svid));
        }
        else
        {
            options.ClientAssertionFile = SvidFile;
        }
    }

    private void Replace(string svid)
    {
        string next = SvidFile + ".next";
        File.WriteAllText(next, svid);
        File.Move(next, SvidFile, overwrite: true);
    }
}
