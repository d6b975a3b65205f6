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

    [Fact]
    public async Task Reading_a_secret_that_is_not_configured_names_the_option()
    {
        await using TestProvider provider = new(options =>
        {
            options.ClientSecret = null;
            options.UseAuthentication(new SecretReader());
        });
        TokenRequestException exception = await provider.FailAsync();
        Assert.False(exception.IsTransient);
        Assert.Contains("it has no client secret. See ClientCredentials:", exception.Message, StringComparison.Ordinal);
        Assert.Contains(":ClientSecret", exception.Message, StringComparison.Ordinal);
    }

    private sealed class SecretReader : ClientAuthentication
    {
        public override string Method => "custom";

        public override async ValueTask ReadCredentialAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
            await request.ReadClientSecretAsync(cancellationToken);

        public override ValueTask WriteAsync(AuthorizationServerRequest request, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;
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
