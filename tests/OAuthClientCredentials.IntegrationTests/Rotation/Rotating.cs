using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>How a new credential reaches the application.</summary>
public enum Arrival
{
    Rename,
    SymlinkSwap,

    /// <summary>By renames that are a second apart, so that certificate and key do not belong together meanwhile.</summary>
    OneByOne,
    Reload,
    Callback,
}

/// <summary>A client whose credential changes: the application's side of it, and the server's.</summary>
internal abstract class Rotating(string id, int lifetime) : IDisposable
{
    public string Id => id;

    public virtual bool IsBound => false;

    /// <summary>The client as the server knows it while it takes both, and when it takes the new one only.</summary>
    public OidcClient Both => Finish(Register(takesOld: true, takesNew: true));

    public OidcClient Old => Finish(Register(takesOld: true, takesNew: false));

    public OidcClient New => Finish(Register(takesOld: false, takesNew: true));

    /// <summary>An application with the old credential, ready for the new one to come that way.</summary>
    public abstract OidcApplication Start(OidcProviderServer server, Arrival arrival);

    public abstract void Rotate();

    public virtual void Dispose()
    {
    }

    protected abstract OidcClient Register(bool takesOld, bool takesNew);

    private OidcClient Finish(OidcClient client) => IsBound ? client.WithLifetime(lifetime).BoundToCertificate() : client.WithLifetime(lifetime);
}
