using OAuthClientCredentials.IntegrationTests.OidcProvider;

namespace OAuthClientCredentials.IntegrationTests.Rotation;

/// <summary>A credential in files, whose content or whose path changes.</summary>
internal abstract class RotatingFile(string id, int lifetime = 2) : Rotating(id, lifetime)
{
    private readonly List<IDisposable> _owned = [];
    private Action _rotate = () => { };

    public override OidcApplication Start(OidcProviderServer server, Arrival arrival)
    {
        MountedFiles mounted = Own(new MountedFiles(arrival, Files(isNew: false)));
        if (arrival != Arrival.Reload)
        {
            _rotate = () => mounted.Replace(Files(isNew: true));
            return new(server, options =>
            {
                foreach ((string option, string file) in Options)
                {
                    Set(options, option, mounted[file]);
                }

                Describe((name, value) => Set(options, name, value));
            }, mutual: IsBound);
        }

        MountedFiles other = Own(new MountedFiles(Arrival.Rename, Files(isNew: true)));
        ConfigurationManager configuration = new();
        configuration.AddInMemoryCollection();
        configuration["Authority"] = server.Issuer;
        Point(configuration, mounted);
        Describe((name, value) => configuration[name] = value);
        _rotate = () =>
        {
            Point(configuration, other);
            ((IConfigurationRoot)configuration).Reload();
        };
        return new(server, configuration, mutual: IsBound);
    }

    public override void Rotate() => _rotate();

    public override void Dispose() => _owned.ForEach(owned => owned.Dispose());

    /// <summary>Which option names which file.</summary>
    protected abstract (string Option, string File)[] Options { get; }

    protected abstract (string Name, string Content)[] Files(bool isNew);

    /// <summary>The client's other options.</summary>
    protected virtual void Describe(Action<string, string> set) => set("ClientId", Id);

    protected T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Add(disposable);
        return disposable;
    }

    private static void Set(ClientCredentialsOptions options, string name, string value) =>
        new ConfigurationBuilder().AddInMemoryCollection([new(name, value)]).Build().Bind(options);

    private void Point(IConfiguration configuration, MountedFiles files)
    {
        foreach ((string option, string file) in Options)
        {
            configuration[option] = files[file];
        }
    }
}
