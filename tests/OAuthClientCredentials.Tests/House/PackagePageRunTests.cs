using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OAuthClientCredentials.Testing;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.House;

/// <summary>Each block of code on the package pages and the page of recipes that talks to a server is run.</summary>
public sealed class PackagePageRunTests : PageRunTests
{
    [Fact]
    [Trait("Req", "R-367")]
    public async Task Key_from_configuration_signs()
    {
        const string Key = "src/OAuthClientCredentials.Jwt/README.md: From configuration";
        Write("appsettings.json", WithKey(Snippet.Of(Key, "json").With(Authority, ServerAddress)).Code);
        Services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddJsonFile(Path.Combine(Folder, "appsettings.json")).Build());
        await Snippet.Of(Key).RunAsync(Services);
        await GetTokenAsync("orders");
        Server.Verify(1, request => request.AuthenticationMethod == "private_key_jwt");
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Key_of_a_vault_signs()
    {
        const string Vault = """throw new NotSupportedException("Call the client of your vault here.")""";
        const string Space = "System.Security.Cryptography";
        string signing = $"Task.FromResult({Space}.ECDsa.Create({Space}.ECCurve.NamedCurves.nistP256)"
            + $".SignData(data.Span, {Space}.HashAlgorithmName.SHA256))";
        await Printed("src/OAuthClientCredentials.Jwt/README.md: From a key vault or an HSM").With(Vault, signing).RunAsync(Services);
        await GetTokenAsync("orders");
        Server.Verify(1, request => request.AuthenticationMethod == "private_key_jwt");
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Key_signs_without_dependency_injection()
    {
        Snippet snippet = WithKey(Printed("src/OAuthClientCredentials.Jwt/README.md: Without dependency injection"));
        await (snippet with { Code = $"{snippet.Code}\nawait tokens.GetTokenAsync();" }).RunAsync();
        Server.Verify(1, request => request.AuthenticationMethod == "private_key_jwt");
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Headers_with_a_proof_are_made_for_another_stack()
    {
        Server.Always(TestResponse.Status(
            HttpStatusCode.OK, """{"access_token":"abc","token_type":"DPoP","expires_in":3600}""", "application/json"));
        await Printed("src/OAuthClientCredentials.Jwt/README.md: DPoP").With("/run/secrets/shop", Write("shop", "secret")).RunAsync();
        Server.Verify(1, request => request.Used("secret"));
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task The_tests_of_the_testing_page_pass()
    {
        Type type = Snippet.Of("src/OAuthClientCredentials.Testing/README.md: Five tests").LoadType();
        MethodInfo[] tests = [.. type.GetMethods().Where(method => method.IsDefined(typeof(FactAttribute)))];
        Assert.Equal(5, tests.Length);
        foreach (MethodInfo test in tests)
        {
            using IDisposable instance = (IDisposable)Activator.CreateInstance(type)!;
            await (Task)test.Invoke(instance, null)!;
        }
    }

    /// <summary>The program never ends, so it makes a call instead.</summary>
    [Fact]
    [Trait("Req", "R-367")]
    public async Task Server_of_a_launch_profile_starts_and_is_controlled_over_its_port()
    {
        (int port, int apiPort) = (FindFreePort(), FindFreePort());
        string call = $"""(await new HttpClient().PostAsync("http://localhost:{port}/test/outage", null)).EnsureSuccessStatusCode();""";
        await Snippet.Of("src/OAuthClientCredentials.Testing/README.md: How")
            .With("8080", $"{port}")
            .With("8081", $"{apiPort}")
            .With("await Task.Delay(Timeout.Infinite);", call)
            .RunAsync();
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Fake_token_needs_one_line()
    {
        TestProvider.AddClient(Services, "orders");
        await Snippet.Of("src/OAuthClientCredentials.Testing/README.md: Five tests 2").RunAsync(Services);
        Assert.Equal("fake-token", (await GetTokenAsync("orders")).Value);
    }

    [Fact]
    [Trait("Req", "R-367")]
    public async Task Registration_of_the_recipes_calls_the_API()
    {
        Use(
            ("ClientCredentials:orders:Authority", ServerAddress), ("ClientCredentials:orders:ClientId", "shop"),
            ("ClientCredentials:orders:ClientSecret", "secret"));
        await Snippet.Of("samples/Recipes/README.md: Recipes").With(OrdersApi, ApiAddress).RunAsync(Services);
        await CallAsync("orders");
        Assert.Equal((1, 0), (Api.Calls, Api.Unauthorized));
    }

    private static int FindFreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private Snippet WithKey(Snippet snippet)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return snippet.With("/run/secrets/shop.pem", Write("shop.pem", key.ExportPkcs8PrivateKeyPem()));
    }
}
