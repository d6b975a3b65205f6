using OAuthClientCredentials.IntegrationTests.Canaries;

namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>Each case of the matrix at the token endpoint. The two endpoints have a class each, so that they run in parallel.</summary>
public sealed class TokenEndpointFaultTests : CanaryTests
{
    public static TheoryData<string> Faults => FaultMatrix.NamesAt(Endpoint.Token);

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-006")]
    [Trait("Req", "R-008")]
    [Trait("Req", "R-041")]
    [Trait("Req", "R-042")]
    [Trait("Req", "R-043")]
    [Trait("Req", "R-061")]
    [Trait("Req", "R-062")]
    [Trait("Req", "R-063")]
    [Trait("Req", "R-068")]
    [MemberData(nameof(Faults))]
    public async Task Any_fault_ends_in_time_with_a_token_or_a_typed_error_without_secrets(string fault)
    {
        await using FaultTestHost host = new(fault, Endpoint.Token);
        await host.CheckAsync();
    }
}

public sealed class DiscoveryFaultTests : CanaryTests
{
    public static TheoryData<string> Faults => FaultMatrix.NamesAt(Endpoint.Discovery);

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-041")]
    [Trait("Req", "R-181")]
    [Trait("Req", "R-182")]
    [MemberData(nameof(Faults))]
    public async Task No_secret_is_sent_before_the_metadata_is_valid(string fault)
    {
        await using FaultTestHost host = new(fault, Endpoint.Discovery);
        await host.CheckAsync();
    }
}
