using System.Net;
using OAuthClientCredentials.Clients;
using OAuthClientCredentials.Diagnostics;
using OAuthClientCredentials.Transport;

namespace OAuthClientCredentials.Discovery;

/// <summary>Reads the metadata of one issuer with at most two requests, and remembers which address had it .</summary>
internal sealed class MetadataReader(EndpointClient endpoint)
{
    /// <summary>The address of the last document.</summary>
    public Uri? Address { get; private set; }

    public async ValueTask<MetadataResult> ReadAsync(ClientCredentialsOptions options, CancellationToken cancellationToken)
    {
        IEnumerable<Uri> addresses = MetadataAddresses.For(options.Authority!, options.MetadataAddress);
        EndpointFailure? failure = null;
        foreach (Uri address in addresses.OrderBy(address => address != Address))
        {
            using HttpRequestMessage message = new(HttpMethod.Get, address);
            WireAddress wire = WireAddress.Follow(message, Fapi2Profile.PlainHttpOf(options));
            (EndpointResponse? response, EndpointFailure? noResponse) = await endpoint
                .TrySendAsync(message, Fapi2Profile.TlsOf(options), static () => [], options.MaxResponseBytes, cancellationToken)
                .ConfigureAwait(false);
            if (response is null)
            {
                return new(null, Combine(noResponse!, failure));
            }

            try
            {
                if (response.IsSuccess && MetadataDocument.Parse(response.Body, IssuerOf(options.Authority!, wire)) is { } document)
                {
                    Address = address;
                    return new(document, null);
                }
            }
            catch (FormatException exception)
            {
                return new(null, Unusable(exception, address, options));
            }

            failure = Combine(NotFound(response, address, options), failure);
            if (!response.IsSuccess && !MayBeElsewhere(response))
            {
                break;
            }
        }

        return new(null, failure);
    }

    public static EndpointFailure Unusable(FormatException exception, Uri address, ClientCredentialsOptions options) =>
        new(
            ErrorType.Metadata,
            address,
            $"the metadata document cannot be used: {exception.Message}",
            client => $"See {OptionOf(client, options)}.")
        {
            Status = HttpStatusCode.OK,
        };

    // The issuer of a logical authority has the origin that it was resolved to, and the path of the authority.
    private static string IssuerOf(string authority, WireAddress wire)
    {
        Uri uri = new(authority);
        if (wire.Address is null || !EndpointRules.IsLogical(uri))
        {
            return authority;
        }

        string path = authority[uri.GetLeftPart(UriPartial.Authority).Length..];
        return wire.Address.GetLeftPart(UriPartial.Authority) + path;
    }

    // If there is no metadata, Cognito responds with 400, CDNs with 401 or 403, and single-page applications with 200 and a page.
    private static bool MayBeElsewhere(EndpointResponse response) => (int)response.Status is >= 400 and < 500 and not (407 or 408 or 429);

    private static EndpointFailure NotFound(EndpointResponse response, Uri address, ClientCredentialsOptions options)
    {
        string what = "there is no metadata";
        if (response.IsSuccess)
        {
            what = "the response is not a metadata document";
        }

        string Remedy(ClientContext client) =>
            response.FindRemedy(address, client) ?? $"Check {OptionOf(client, options)}, or set TokenEndpoint instead.";

        return new(ErrorType.Metadata, address, $"{what} ({response.Describe([])})", Remedy)
        {
            Status = response.Status,
            IsTransient = (int)response.Status is 408 or 429 or >= 500,
            RetryAfter = response.RetryAfterUpTo(options.MaxRetryAfter),
        };
    }

    private static EndpointFailure Combine(EndpointFailure failure, EndpointFailure? first)
    {
        if (first is null)
        {
            return failure;
        }

        return failure with { What = $"{failure.What}; {first.Target.GetLeftPart(UriPartial.Path)} was tried first: {first.What}" };
    }

    private static string OptionOf(ClientContext client, ClientCredentialsOptions options)
    {
        if (string.IsNullOrEmpty(options.MetadataAddress))
        {
            return client.Option(nameof(options.Authority));
        }

        return client.Option(nameof(options.MetadataAddress));
    }
}

/// <summary>The document, the failure of the last read, or both: then the document of an earlier read stays in use.</summary>
internal readonly record struct MetadataResult(MetadataDocument? Document, EndpointFailure? Failure);
