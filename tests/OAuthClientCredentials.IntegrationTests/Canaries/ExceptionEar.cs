using System.Collections;
using System.Runtime.ExceptionServices;

namespace OAuthClientCredentials.IntegrationTests.Canaries;

/// <summary>Every exception that is thrown at all, caught or not: its text, its data, and those inside of it.</summary>
internal sealed class ExceptionEar : IDisposable
{
    // What is thrown while one is looked at would come by here again.
    [ThreadStatic]
    private static bool _looking;

    private readonly Sightings _sightings;

    public ExceptionEar(Sightings sightings)
    {
        _sightings = sightings;
        AppDomain.CurrentDomain.FirstChanceException += Look;
    }

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Look;

    private void Look(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        // What an assertion says of a failing test is no leak of the library's.
        if (_looking || thrown.Exception is Xunit.Sdk.XunitException)
        {
            return;
        }

        _looking = true;
        try
        {
            for (Exception? exception = thrown.Exception; exception is not null; exception = exception.InnerException)
            {
                _sightings.Look(nameof(ExceptionEar), $"{exception}");
                foreach (DictionaryEntry entry in exception.Data)
                {
                    _sightings.Look(nameof(ExceptionEar), $"{entry.Key}={entry.Value}");
                }
            }
        }
        finally
        {
            _looking = false;
        }
    }
}
