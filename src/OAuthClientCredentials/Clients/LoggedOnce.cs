namespace OAuthClientCredentials.Clients;

/// <summary>The events that are logged once for each settings of a client.</summary>
[Flags]
internal enum LoggedOnce
{
    /// <summary>The server granted fewer scopes than requested.</summary>
    NarrowerScope = 1,

    /// <summary>A response reported a quota.</summary>
    Quota = 2,

    /// <summary>The clocks of the server and of this machine differ.</summary>
    ClockSkew = 4,

    /// <summary>MaxLifetime reduced the lifetime of a token.</summary>
    ReducedLifetime = 8,
}
