namespace OAuthClientCredentials.Handling;

/// <summary>What one API request wants of its token, or what became of it: a mark in the request's options.</summary>
internal static class RequestChoice
{
    /// <summary>The caller wants no token on this request.</summary>
    public static readonly object NoToken = new();

    /// <summary>A redirect took this request to another origin: it gets nothing attached any more .</summary>
    public static readonly object Redirected = new();

    private static readonly HttpRequestOptionsKey<object> Key = new("OAuthClientCredentials.Choice");

    private static readonly HttpRequestOptionsKey<Uri> FirstAddressKey = new("OAuthClientCredentials.FirstAddress");

    // A look at HttpRequestMessage.Options costs 240 bytes. Nobody pays it before the first choice is made.
    private static bool _anyMade;

    public static void Set(HttpRequestMessage request, object choice)
    {
        Volatile.Write(ref _anyMade, true);
        request.Options.Set(Key, choice);
    }

    public static object? Get(HttpRequestMessage request) =>
        Volatile.Read(ref _anyMade) && request.Options.TryGetValue(Key, out object? choice) ? choice : null;

    public static void MarkIfRedirected(HttpRequestMessage request, Uri uri)
    {
        if (Sent.HasLeft(request, uri))
        {
            Set(request, Redirected);
        }
    }

    /// <summary>The address that a token was first attached for; if there is none yet, the present one becomes it.</summary>
    public static Uri? FirstAddress(HttpRequestMessage request)
    {
        if (request.Options.TryGetValue(FirstAddressKey, out Uri? first))
        {
            return first;
        }

        request.Options.Set(FirstAddressKey, request.RequestUri!);
        return null;
    }
}
