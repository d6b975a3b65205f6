namespace OAuthClientCredentials.IntegrationTests.Faults;

/// <summary>Every cell of the matrix is a test. The two endpoints are two classes, which run side by side.</summary>
public sealed class TokenEndpointFaultTests : Canaries.CanaryTests
{
    public static TheoryData<string> Faults => [.. FaultMatrix.Rows.Where(row => row.AtToken is not null).Select(row => row.Name)];

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
    public async Task Whatever_goes_wrong_there_is_a_token_or_a_typed_error_in_time_that_tells_no_secret(string fault)
    {
        await using Cell cell = new(FaultMatrix.Rows.Single(row => row.Name == fault), Endpoint.Token);
        await cell.CheckAsync();
    }
}

public sealed class DiscoveryFaultTests : Canaries.CanaryTests
{
    public static TheoryData<string> Faults => [.. FaultMatrix.Rows.Where(row => row.AtDiscovery is not null).Select(row => row.Name)];

    [Theory]
    [Trait("Req", "R-001")]
    [Trait("Req", "R-041")]
    [Trait("Req", "R-181")]
    [Trait("Req", "R-182")]
    [MemberData(nameof(Faults))]
    public async Task Whatever_goes_wrong_no_secret_is_sent_before_the_metadata_is_right(string fault)
    {
        await using Cell cell = new(FaultMatrix.Rows.Single(row => row.Name == fault), Endpoint.Discovery);
        await cell.CheckAsync();
    }

    [Fact]
    public void The_matrix_is_no_smaller_than_it_was() =>
        Assert.InRange(FaultMatrix.Rows.Sum(row => (row.AtToken is null ? 0 : 1) + (row.AtDiscovery is null ? 0 : 1)), 200, int.MaxValue);
}
