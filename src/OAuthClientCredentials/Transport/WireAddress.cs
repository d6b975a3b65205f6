namespace OAuthClientCredentials.Transport;

/// <summary>
/// The address that a request to an authorization server is really sent to. Service discovery may have changed the configured address,
/// so it is checked once more below all handlers of the application.
/// </summary>
internal sealed class WireAddress(PlainHttp plainHttp)
{
    private static readonly HttpRequestOptionsKey<WireAddress> Key = new("OAuthClientCredentials.WireAddress");

    /// <summary>The address, or null if the request was not sent.</summary>
    public Uri? Address { get; private set; }

    public static WireAddress Follow(HttpRequestMessage message, PlainHttp plainHttp)
    {
        WireAddress wire = new(plainHttp);
        message.Options.Set(Key, wire);
        return wire;
    }

    /// <summary>The address that a request was sent to. Before it is sent, its own address.</summary>
    public static Uri AddressOf(HttpRequestMessage message)
    {
        if (message.Options.TryGetValue(Key, out WireAddress? wire) && wire.Address is { } address)
        {
            return address;
        }

        return message.RequestUri!;
    }

    /// <summary>Checks the address of a request directly above the transport.</summary>
    public static void Check(HttpRequestMessage request)
    {
        Uri address = request.RequestUri!;
        if (EndpointRules.IsLogical(address))
        {
            throw new RefusedException(
                "no handler resolved its logical address",
                "Add service discovery, for instance services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery()), "
                + "or set the address itself.");
        }

        if (request.Options.TryGetValue(Key, out WireAddress? wire))
        {
            wire.CheckAndKeep(address);
        }
    }

    private void CheckAndKeep(Uri address)
    {
        if (!EndpointRules.IsSecure(address, plainHttp))
        {
            if (plainHttp == PlainHttp.Nowhere)
            {
                throw new RefusedException(
                    $"its address was changed to {address.GetLeftPart(UriPartial.Authority)}, which is not https",
                    "Use https, also for loopback (RequireFapi2: FAPI 2.0 section 5.2.1).");
            }

            throw new RefusedException(
                $"its address was resolved to {address.GetLeftPart(UriPartial.Authority)}, which is neither https nor loopback",
                "Use https. If the network itself encrypts all traffic, set AllowInsecureHttp.");
        }

        Address = address;
    }

    /// <summary>Nothing was sent.</summary>
#pragma warning disable CA1032 // Only this file creates it, always with a remedy.
    public sealed class RefusedException(string problem, string remedy) : Exception(problem)
#pragma warning restore CA1032
    {
        public string Remedy => remedy;
    }
}
