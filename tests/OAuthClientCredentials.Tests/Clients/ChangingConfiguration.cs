using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>A source of configuration, such as a file, that is replaced as a whole.</summary>
internal sealed class ChangingConfiguration : ConfigurationProvider, IConfigurationSource
{
    public ChangingConfiguration(params (string Key, string? Value)[] settings)
    {
        Root = new ConfigurationBuilder().Add(this).Build();
        Replace(settings);
    }

    public IConfigurationRoot Root { get; }

    /// <summary>How often the children of a section were listed: each time costs a walk through all keys.</summary>
    public int Listings { get; set; }

    public Configured Start(Action<IServiceCollection>? more = null) => new([], services =>
    {
        services.AddSingleton<IConfiguration>(Root);
        more?.Invoke(services);
    });

    public void Replace(params (string Key, string? Value)[] settings)
    {
        Data = settings.ToDictionary(setting => $"ClientCredentials:{setting.Key}", setting => setting.Value, StringComparer.OrdinalIgnoreCase);
        OnReload();
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
    {
        Listings++;
        return base.GetChildKeys(earlierKeys, parentPath);
    }
}
