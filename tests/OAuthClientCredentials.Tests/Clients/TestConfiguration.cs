using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthClientCredentials.Tests.Infrastructure;

namespace OAuthClientCredentials.Tests.Clients;

/// <summary>A configuration source that is replaced as a whole, such as a file: keys can disappear from it.</summary>
internal sealed class TestConfiguration : ConfigurationProvider, IConfigurationSource
{
    public TestConfiguration(params (string Key, string? Value)[] settings)
    {
        Root = new ConfigurationBuilder().Add(this).Build();
        Replace(settings);
    }

    public IConfigurationRoot Root { get; }

    /// <summary>How often the children of a section were listed. Each time reads all keys.</summary>
    public int Listings { get; set; }

    public TestProvider CreateProvider(Action<IServiceCollection>? register = null, ILoggerProvider? log = null) =>
        TestProvider.WithServices(
            services =>
            {
                services.AddSingleton<IConfiguration>(Root);
                services.AddClientCredentials();
                register?.Invoke(services);
            },
            log: log);

    public void Replace(params (string Key, string? Value)[] settings)
    {
        Data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Array.ForEach(settings, setting => Data[$"ClientCredentials:{setting.Key}"] = setting.Value);
        OnReload();
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public override IEnumerable<string> GetChildKeys(IEnumerable<string> earlierKeys, string? parentPath)
    {
        Listings++;
        return base.GetChildKeys(earlierKeys, parentPath);
    }
}
