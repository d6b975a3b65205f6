using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>A client whose credential changes, in the application and at the server.</summary>
internal abstract class RotatingClient(string id, int lifetime = 2) : IDisposable
{
    private readonly object _gate = new();
    private volatile bool _isNew;
    private MountedFiles? _files;

    public string Id => id;

    public virtual bool IsBound => false;

    /// <summary>The registrations before, during and after the rotation.</summary>
    public OidcClient Old => Register(true, false);

    public OidcClient Both => Register(true, true);

    public OidcClient New => Register(false, true);

    protected bool IsNew => _isNew;

    /// <summary>Starts an application with the old credential.</summary>
    public virtual TestApplication Start(OidcProviderServer server, RotationMode mode)
    {
        _files = new(mode, Files());
        return new(server, Configure, mutual: IsBound);
    }

    public void Rotate()
    {
        _isNew = true;
        ReplaceFiles();
    }

    public virtual void Dispose() => _files?.Dispose();

    protected abstract void Configure(ClientCredentialsOptions options);

    /// <summary>The files with the current credential.</summary>
    protected abstract (string Name, string Content)[] Files();

    protected abstract OidcClient Describe(bool acceptsOld, bool acceptsNew);

    protected string PathOf(string file) => _files![file];

    protected void ReplaceFiles()
    {
        lock (_gate)
        {
            _files!.Replace(Files());
        }
    }

    private OidcClient Register(bool acceptsOld, bool acceptsNew)
    {
        OidcClient client = Describe(acceptsOld, acceptsNew).WithLifetime(lifetime);
        return IsBound ? client.BoundToCertificate() : client;
    }
}
