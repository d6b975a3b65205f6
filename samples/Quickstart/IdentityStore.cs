using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.IdentityModel.Tokens;

namespace Quickstart;

/// <summary>
/// What the authorization server and the API share: registered clients, issued tokens, keys and the address of the issuer.
/// </summary>
internal sealed class IdentityStore
{
    private readonly InMemoryDatabaseRoot _root = new();

    public RsaSecurityKey SigningKey { get; } = new(RSA.Create(2048)) { KeyId = "quickstart" };

    public SymmetricSecurityKey EncryptionKey { get; } = new(RandomNumberGenerator.GetBytes(32));

    /// <summary>The address of the authorization server. Its port is 0 until the server has chosen a free one.</summary>
    public Uri Issuer { get; set; } = new("http://127.0.0.1:0/");

    public OpenIddictBuilder Add(IServiceCollection services)
    {
        services.AddDbContext<DbContext>(options => options.UseInMemoryDatabase("quickstart", _root).UseOpenIddict());
        return services.AddOpenIddict().AddCore(core => core.UseEntityFrameworkCore().UseDbContext<DbContext>());
    }
}
