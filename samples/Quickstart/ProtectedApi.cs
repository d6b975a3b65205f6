using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;

namespace Quickstart;

/// <summary>An API that requires a valid access token.</summary>
/// <remarks>It validates tokens without the authorization server: the store has the signing key and the revoked tokens.</remarks>
internal sealed class ProtectedApi(IdentityStore store) : IAsyncDisposable
{
    private WebApplication? _app;
    private int _calls;

    /// <summary>The number of calls received, with or without a valid token.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public Uri Address => new(_app!.Urls.First());

    public async Task StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        store.Add(builder.Services).AddValidation(validation =>
        {
            OpenIddictConfiguration configuration = new() { Issuer = store.Issuer };
            configuration.SigningKeys.Add(store.SigningKey);
            validation.SetIssuer(store.Issuer).SetConfiguration(configuration).EnableTokenEntryValidation();
            validation.UseAspNetCore();
        });
        builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
        builder.Services.AddAuthorization();
        _app = builder.Build();
        _app.Use(CountCallAsync);
        _app.UseAuthentication();
        _app.UseAuthorization();
        _app.MapGet("/orders", () => "42 orders").RequireAuthorization();
        await _app.StartAsync();
    }

    public async Task RevokeTokensAsync(string clientId)
    {
        await using AsyncServiceScope scope = _app!.Services.CreateAsyncScope();
        IOpenIddictTokenManager manager = scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>();
        List<object> tokens = [];
        await foreach (object token in manager.FindBySubjectAsync(clientId))
        {
            tokens.Add(token);
        }

        foreach (object token in tokens)
        {
            await manager.TryRevokeAsync(token);
        }
    }

    private Task CountCallAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _calls);
        return next(context);
    }

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;
}
