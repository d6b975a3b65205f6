using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Authentication;

/// <summary>An authentication that the application brings.</summary>
public sealed class CustomAuthenticationTests
{
    [Theory]
    [Trait("Req", "R-011")]
    [Trait("Req", "R-225")]
    [InlineData("throws")]
    [InlineData("hangs")]
    [InlineData("blocks its thread")]
    public async Task Authentication_that_fails_is_a_typed_error_within_the_timeout(string failure)
    {
        using ManualResetEventSlim end = new();
        await using TestProvider provider = new(options => options.UseAuthentication(new Failing(failure, end)));
        DateTimeOffset start = provider.Time.GetUtcNow();
        Task<TokenRequestException> call = provider.FailAsync();
        await provider.Time.AdvanceUntilAsync(call);
        end.Set();
        TokenRequestException exception = await call;
        Assert.True(exception.IsTransient);
        Assert.DoesNotContain("canary", exception.ToString(), StringComparison.Ordinal);
        Assert.InRange((provider.Time.GetUtcNow() - start).TotalSeconds, 0, 30.5);
        Assert.Empty(provider.Server.Requests);
    }

    private sealed class Failing(string failure, ManualResetEventSlim end) : ClientAuthentication
    {
        public override string Method => "custom";

        public override async ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken)
        {
            if (failure == "blocks its thread")
            {
                end.Wait(CancellationToken.None);
            }
            else if (failure == "hangs")
            {
                await Task.Delay(Timeout.Infinite, CancellationToken.None);
            }

            throw new InvalidOperationException("canary");
        }
    }
}
