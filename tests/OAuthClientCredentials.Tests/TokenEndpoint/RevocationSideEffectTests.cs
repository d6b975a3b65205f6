using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.TokenEndpoint;

/// <summary>What a revocation leaves as it is.</summary>
public sealed class RevocationSideEffectTests
{
    [Fact]
    [Trait("Req", "R-232")]
    public async Task Binding_keeps_its_client_after_a_revocation()
    {
        using RevocationServer server = new();
        Named binding = new();
        await using TestProvider provider = server.CreateProvider(options => options.UseTokenBinding(binding));
        await provider.GetAsync();
        string before = binding.Client.Unusable("is broken", "DPoPKeyFile").Message;
        await provider.Tokens.RevokeAsync();
        Assert.Equal(before, binding.Client.Unusable("is broken", "DPoPKeyFile").Message);
    }

    [Fact]
    [Trait("Req", "R-232")]
    public async Task Each_token_that_was_not_revoked_at_the_end_is_logged()
    {
        using LogLines log = new();
        using RevocationServer server = new() { Delay = new TaskCompletionSource().Task };
        TestProvider provider = server.CreateProvider(options => options.RevokeOnDispose = true, log);
        for (int scope = 0; scope < 15; scope++)
        {
            await provider.GetAsync("", TestProvider.Scope($"s{scope}"));
        }

        Task disposal = provider.DisposeAsync().AsTask();
        await Eventually.True(() => server.Revocations.Count == 10);
        await provider.Time.AdvanceUntilAsync(disposal, max: TimeSpan.FromSeconds(6));
        await disposal;
        await Eventually.True(() => log.Lines.Count(line => line.StartsWith("Warning 24 ", StringComparison.Ordinal)) == 15);
    }

    private sealed class Named : TokenBinding
    {
        public override string TokenType => "Bearer";

        public override string Thumbprint => "key";
    }
}
