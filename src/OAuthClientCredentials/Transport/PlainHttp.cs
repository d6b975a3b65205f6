namespace OAuthClientCredentials.Transport;

/// <summary>Which hosts may be called over plain http.</summary>
internal enum PlainHttp
{
    /// <summary>Loopback only.</summary>
    Loopback,

    /// <summary>Every host, because the network itself encrypts the traffic.</summary>
    Everywhere,

    /// <summary>None, not even loopback: FAPI 2.0 section 5.2.1 has no exception.</summary>
    Nowhere,
}
